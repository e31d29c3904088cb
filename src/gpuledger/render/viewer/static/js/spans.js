import { el } from "./dom.js";
import { columnDigits, duration, number, unitWord, visible } from "./format.js";
import { sentence } from "./frame.js";
import { theme } from "./theme.js";
import { finding, foot, panel } from "./words.js";
import { interval, stamp, timeTicks } from "./zone.js";

// When it was so: a table with a lane. Longest first as the document says; an open end has an arrow and the words.
const LANE = 520, NARROW = 200;

function paint(chart, span, view) {
  if (view.colours.has(chart.dimension)) return view.colours.paint(chart.dimension, span.key);
  return theme.states[span.key] ? `state-${span.key.replaceAll("_", "-")}` : "c0";
}
export function spans(chart, view) {
  const { shape } = chart, zone = view.zone;
  if (!shape.rows.length) return { node: sentence(chart, chart.empty || "There was none."), draw() {} };
  const moments = [...chart.x.values, ...shape.spans.flatMap(span => [span.start, span.end]).filter(Boolean)].map(Date.parse), [a, b] = [Math.min(...moments), Math.max(...moments)], x = at => (Math.min(Math.max(at, a), b) - a) / (b - a || 1) * 100;
  const ticks = timeTicks(a, b, innerWidth <= theme.breakpoints.phone ? NARROW : LANE, zone, 84), grid = () => ticks.map(({ at }) => el("span", { class: "tick", vars: { x: x(at) + "%" } }));
  const gaps = () => chart.gaps.map(gap => { const [p, q] = [Date.parse(gap.start), Date.parse(gap.end)]; return el("span", { class: "hole p-gap", title: `${visible(gap.label)} ${interval(p, q, zone)}`, vars: { x: x(p) + "%", w: x(q) - x(p) + "%" } }); });
  const bar = span => { const p = Date.parse(span.start), q = span.end ? Date.parse(span.end) : b; return el("span", { class: `bar p-${paint(chart, span, view)}${span.end ? "" : " open"}`, title: span.end ? interval(p, q, zone) : `${stamp(p, zone)} – still open`, vars: { x: x(p) + "%", w: x(q) - x(p) + "%" } }); };
  const digits = columnDigits(shape.totals, shape.total_unit), hasTotals = shape.totals.length > 0, hasWords = shape.spans.some(span => span.label);
  const row = (name, place) => {
    const own = shape.spans.filter(span => span.row === name), last = own.at(-1), first = own[0], lasted = own.reduce((sum, span) => sum + (span.end ? Date.parse(span.end) - Date.parse(span.start) : 0), 0) / 1000, isOpen = own.some(span => !span.end);
    return el("tr", null, el("th", { scope: "row", title: visible(name) }, el("bdi", null, visible(name))), el("td", { class: "lane" }, grid(), gaps(), own.map(bar)),
      hasTotals && el("td", { class: "num" }, number(shape.totals[place], shape.total_unit, digits, false)), el("td", null, first && stamp(Date.parse(first.start), zone), own.length > 1 && ` and ${own.length - 1} more`),
      el("td", null, isOpen ? el("b", null, "still open") : duration(lasted)), hasWords && el("td", { class: "reason" }, visible(last?.label ?? "")));
  };
  const head = el("tr", null, el("th", { scope: "col" }, visible(chart.y.label || "Name")), el("th", { scope: "col", class: "lane" }, el("span", { class: "sr" }, "Over time"), ticks.map(({ at, text }) => el("span", { class: "tick-text", "aria-hidden": "true", vars: { x: x(at) + "%" } }, text))),
    hasTotals && el("th", { scope: "col", class: "num" }, { gpu_hour: "GPU-hours" }[shape.total_unit] ?? unitWord(shape.total_unit)), el("th", { scope: "col" }, "From"), el("th", { scope: "col" }, "For"), hasWords && el("th", { scope: "col" }, "Reason"));
  const node = panel(chart.id, visible(chart.title), chart.readout && el("span", { class: "read" }, visible(chart.readout)), finding(chart.finding),
    el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": visible(chart.title), "data-keep": `table-${chart.id}` }, el("table", { class: "data gantt" }, el("thead", null, head), el("tbody", null, shape.rows.map(row)))), foot(chart.left_out, chart.foot));
  return { node, draw() {} };
}
