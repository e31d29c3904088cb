import { number, unitBeside, unitWord, visible, isNumber } from "./format.js";
import { frame, sentence, spoken, word } from "./frame.js";
import { apart, rangeTicks, tickTexts } from "./place.js";
import { area, layout, line, react } from "./plot.js";
import { colour, mode } from "./theme.js";

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
  async draw() {
    const { plot, groups } = this, { ui } = mode(), isLog = this.chart.x.is_log, scale = value => isLog ? Math.log10(value) : value, bounds = this.bounds(), isPhone = plot.clientWidth < 520;
    const margin = { l: Math.min(isPhone ? 110 : 190, Math.max(60, Math.max(...groups.map(one => one.label.length)) * 7.2 + 16)), r: 76, t: 4, b: 26 }, top = 0.5, bottom = -groups.length + 0.5, height = plot.clientHeight - margin.t - margin.b;
    const y = at => margin.t + (top - at) / (top - bottom) * height, x = value => margin.l + (scale(value) - scale(bounds[0])) / (scale(bounds[1]) - scale(bounds[0])) * (plot.clientWidth - margin.l - margin.r);
    const ticks = rangeTicks(...bounds, this.chart.x.unit, isLog, isPhone ? 3 : 6).filter(tick => x(tick) < plot.clientWidth - margin.r - 12);
    await react(plot, groups.flatMap((one, i) => this.traces(one, -i, ui)), layout(plot, {
      margin, xaxis: { type: isLog ? "log" : "linear", range: bounds.map(scale), ...apart(ticks, tickTexts(ticks, this.chart.x.unit, isLog), x), showgrid: true },
      yaxis: { range: [bottom, top], showgrid: false, showticklabels: false, zeroline: false },
    }));
    this.over.replaceChildren(...groups.flatMap((one, i) => [word(margin.l - 8, y(-i), one.label, "end name"), word(plot.clientWidth - 12, y(-i), `n = ${number(one.count, "count")}`, "end quiet"), one.count === 0 && word(margin.l + 6, y(-i), "none", "quiet")].filter(Boolean)));
    this.over.style.setProperty("--names", margin.l - 12 + "px");
  }
  traces(one, y, ui) {
    const { fill } = colour(this.view.colours.has(this.chart.dimension) ? this.view.colours.paint(this.chart.dimension, one.key) : this.view.colours.plain), { q1, median, q3 } = one, few = median === null;
    const points = { ...line(one.outliers, one.outliers.map((_, i) => few ? y : y + jitter(i)), fill, 0), mode: "markers", marker: { color: fill, size: few ? 8 : 4, opacity: few ? 1 : 0.6, line: { color: ui.ink, width: few ? 1 : 0 } } };
    if (few || q1 === null || q3 === null) return one.outliers.length ? [points] : [];
    const ends = [y - HALF, y + HALF];
    return [points, line([one.low ?? q1, one.high ?? q3], [y, y], ui.ink, 1), area([q1, q3, q3, q1, q1], [ends[0], ends[0], ends[1], ends[1], ends[0]], fill, { line: { color: ui.ink, width: 1 } }), line([median, median], ends, ui.surface, 6), line([median, median], ends, ui.ink, 2.5)];
  }
}
export function boxes(chart, view) {
  if (!chart.shape.boxes.length) return { node: sentence(chart, chart.empty || "Nothing to draw."), draw() {} };
  return view.add(new BoxesChart(chart, view));
}
