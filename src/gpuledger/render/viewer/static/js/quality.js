import { el } from "./dom.js";
import { duration, number, visible } from "./format.js";
import { foot, panel } from "./words.js";
import { interval, timeTicks } from "./zone.js";

/** The data-quality strip: a lane a source, solid seen, hatched not. */
export function quality(block, view) {
  const [a, b] = view.period, x = ms => Math.min(Math.max((ms - a) / (b - a), 0), 1) * 100;
  const gap = ([from, to]) => {
    const [p, q] = [Date.parse(from), Date.parse(to)], words = `no data ${interval(p, q, view.zone)} (${duration((q - p) / 1000)})`;
    return el("span", { class: "gap p-gap", title: words, vars: { x: x(p) + "%", w: x(q) - x(p) + "%" } }, el("span", { class: "sr" }, words));
  };
  const lane = ({ label, gaps, covered_ratio: ratio, step }) => el("tr", null, el("th", { scope: "row", title: visible(label) }, visible(label)),
    el("td", { class: "lane" }, ratio !== null && el("span", { class: "seen" }), gaps.map(gap)), el("td", { class: "num" }, number(ratio, "ratio")), el("td", { class: "every" }, visible(step)));
  const ticks = timeTicks(a, b, Math.max(150, Math.min(innerWidth, 1440) - 300), view.zone, 84);
  const axis = el("tr", { class: "axis", "aria-hidden": "true" }, el("td"), el("td", { class: "lane" }, ticks.map(({ at, text }) => el("span", { class: "tick-text", vars: { x: x(at) + "%" } }, text))), el("td"), el("td"));
  const heads = ["Source", "Seen over time", "Share", "Step"].map(name => el("th", { scope: "col" }, name));
  return panel(block.id, visible(block.title), block.finding && el("span", { class: "read" }, visible(block.finding)),
    el("table", { class: "strip" }, el("colgroup", null, el("col", { class: "c1" }), el("col"), el("col", { class: "c3" }), el("col", { class: "c4" })), el("thead", { class: "sr" }, el("tr", null, heads)), el("tbody", null, block.lanes.map(lane), axis)),
    foot("Solid: observed. Hatched: nobody looked.", block.foot));
}
