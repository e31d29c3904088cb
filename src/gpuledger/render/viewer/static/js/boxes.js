import { number, unitBeside, unitWord, visible, isNumber } from "./format.js";
import { frame, sentence, spoken, word } from "./frame.js";
import { apart, rangeTicks, tickTexts } from "./place.js";
import { area, dots, line, paint, placer } from "./plot.js";

// How long things take: a row a group, five numbers and points. A group without values keeps its row and says so.
const ROW = 30, HALF = 0.27;
/** Points of equal value stand beside each other, the same way every time. */
const jitter = i => (i * 7 % 13 - 6) / 6 * HALF;

class BoxesChart {
  constructor(chart, view) {
    Object.assign(this, { chart, view, groups: chart.shape.boxes });
    Object.assign(this, frame(chart, { before: view.before.get(chart.id), unit: unitBeside(chart.title, unitWord(chart.x.unit)), height: this.groups.length * ROW + 40, notes: [chart.x.is_log && "Log scale."] }));
    this.box.setAttribute("role", "img");
    this.box.setAttribute("aria-label", [spoken(chart), ...this.groups.map(one => this.words(one))].join(". "));
    this.box.removeAttribute("aria-roledescription");
    this.box.classList.add("still");
  }
  words(one) {
    const said = value => number(value, this.chart.x.unit);
    return `${visible(one.label)}: ${one.count ? `n ${one.count}${one.median === null ? "" : `, median ${said(one.median)}, half from ${said(one.q1)} to ${said(one.q3)}`}` : "none"}`;
  }
  bounds() {
    const values = this.groups.flatMap(one => [one.low, one.q1, one.median, one.q3, one.high, one.mean, ...one.outliers]).filter(value => isNumber(value) && (value > 0 || !this.chart.x.is_log));
    if (!values.length) return this.chart.x.is_log ? [1, 10] : [0, 1];
    const [least, most] = [Math.min(...values), Math.max(...values)];
    return this.chart.x.is_log ? [least * 0.85, most * 1.15] : [Math.min(0, least), Math.max(most, 1e-12) * 1.05];
  }
  draw() {
    const { plot, groups } = this, isLog = this.chart.x.is_log, bounds = this.bounds(), isPhone = plot.clientWidth < 520;
    const margin = { l: Math.min(isPhone ? 110 : 190, Math.max(60, Math.max(...groups.map(one => one.label.length)) * 7.2 + 16)), r: 76, t: 4, b: 26 }, bottom = plot.clientHeight - margin.b, rows = { range: [-groups.length + 0.5, 0.5] };
    const y = placer(rows, bottom, margin.t), x = placer({ range: bounds, isLog }, margin.l, plot.clientWidth - margin.r);
    const ticks = rangeTicks(...bounds, this.chart.x.unit, isLog, isPhone ? 3 : 6).filter(tick => x(tick) < plot.clientWidth - margin.r - 12);
    paint(plot, { margin, x: { range: bounds, isLog, hasGrid: true, ...apart(ticks, tickTexts(ticks, this.chart.x.unit, isLog), x) }, panels: [{ y: rows, top: margin.t, bottom, shapes: groups.flatMap((one, i) => this.shapes(one, -i)) }] });
    this.over.replaceChildren(...groups.flatMap((one, i) => [word(margin.l - 8, y(-i), one.label, "end name"), word(plot.clientWidth - 12, y(-i), `n = ${number(one.count, "count")}`, "end quiet"), one.count === 0 && word(margin.l + 6, y(-i), "none", "quiet")].filter(Boolean)));
    this.over.style.setProperty("--names", margin.l - 12 + "px");
  }
  shapes(one, y) {
    const fill = this.view.colours.has(this.chart.dimension) ? this.view.colours.paint(this.chart.dimension, one.key) : this.view.colours.plain, { q1, median, q3 } = one, few = median === null;
    const points = dots(one.outliers, one.outliers.map((_, i) => few ? y : y + jitter(i)), fill, few ? 8 : 4, few ? { stroke: "var(--ink)" } : { opacity: 0.6 });
    if (few || q1 === null || q3 === null) return [points];
    const ends = [y - HALF, y + HALF];
    return [points, line([one.low ?? q1, one.high ?? q3], [y, y], "ink", 1), area([q1, q3, q3, q1, q1], [ends[0], ends[0], ends[1], ends[1], ends[0]], fill, { stroke: "var(--ink)" }), line([median, median], ends, "surface", 6), line([median, median], ends, "ink", 2.5)];
  }
}
export function boxes(chart, view) {
  if (!chart.shape.boxes.length) return { node: sentence(chart, chart.empty || "Nothing to draw."), draw() {} };
  return view.add(new BoxesChart(chart, view));
}
