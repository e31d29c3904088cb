import { el } from "./dom.js";
import { visible } from "./format.js";
import { theme } from "./theme.js";
import { finding, foot, panel, prose } from "./words.js";

// The parts every drawn chart has: a panel, a place for the drawing, words over it that are HTML, a read-out, a tooltip.
// `before` is the chart of the same id that stands here now: its picture stays until the new one is drawn over it.
export function frame(chart, { height = theme.chart.height.normal, unit = "", notes = [], tools = null, before = null } = {}) {
  const plot = before?.plot ?? el("div", { class: "plot", "data-chart": chart.id }), read = el("span", { class: "read" }, visible(chart.readout));
  const over = before?.over ?? el("div", { class: "over", "aria-hidden": "true" }), tip = el("div", { class: "tip", hidden: true }), hair = el("div", { class: "hair", hidden: true });
  const box = el("div", { class: "chart", tabindex: 0, role: "group", "aria-roledescription": "chart", "aria-label": spoken(chart), "data-keep": `chart-${chart.id}` }, plot, over, hair, tip);
  plot.style.setProperty("--height", height + "px");
  const node = panel(chart.id, "", null, finding(chart.finding), tools, box, foot(...notes, chart.left_out, chart.foot));
  node.prepend(el("header", null, el("h2", null, visible(chart.title), unit && el("small", null, " ", visible(unit))), read));
  return { node, box, plot, over, tip, hair, read };
}
export const spoken = chart => [chart.title, chart.finding, chart.readout].filter(Boolean).map(part => visible(part).replace(/\.$/, "")).join(". ");

/** A word over a plot, placed in pixels and set as text. */
export const word = (x, y, text, kind = "") => el("span", { class: `word ${kind}`, vars: { x: x + "px", y: y + "px" } }, visible(text));

/** A chart without anything to draw is a sentence. */
export const sentence = (chart, text) => panel(chart.id, visible(chart.title), null, finding(chart.finding), el("p", { class: "empty" }, prose(text)), foot(chart.left_out, chart.foot));

/** The tooltip beside [x0, x1], flipped at the edge. */
export function placeTip(tip, x0, x1, top, width) {
  tip.hidden = false;
  const own = tip.offsetWidth, isRight = x1 + 12 + own < width;
  tip.style.left = (isRight ? x1 + 12 : Math.max(0, x0 - 12 - own)) + "px";
  tip.style.top = top + "px";
}
