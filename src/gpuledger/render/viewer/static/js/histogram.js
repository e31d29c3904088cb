import { number, unitBeside, unitWord, visible } from "./format.js";
import { frame, sentence, spoken, word } from "./frame.js";
import { apart, rangeTicks, tickTexts, valueTicks } from "./place.js";
import { area, limit, paint, placer } from "./plot.js";
import { seriesPaint } from "./theme.js";

// How a quantity is distributed: a panel a kind over one axis, empty bins not drawn, reference lines through all and labelled once.
const EACH = 150, HEAD = 34;

class HistogramChart {
  constructor(chart, view) {
    Object.assign(this, { chart, view });
    Object.assign(this, frame(chart, { before: view.before.get(chart.id), unit: unitBeside(chart.title, unitWord(chart.x.unit)), height: chart.shape.series.length * EACH + 30 }));
    this.box.setAttribute("role", "img");
    this.box.removeAttribute("aria-roledescription");
    this.box.setAttribute("aria-label", [spoken(chart), ...chart.shape.series.map(one => this.words(one))].join(". "));
    this.box.classList.add("still");
  }
  words(one) {
    const { edges } = this.chart.shape, unit = this.chart.x.unit, most = Math.max(...one.values), at = one.values.indexOf(most);
    return `${visible(one.label)}: most, ${number(most, this.chart.y.unit)}, from ${number(edges[at], unit)} to ${number(edges[at + 1], unit)}`;
  }
  draw() {
    const { plot, chart } = this, { series, edges } = chart.shape, margin = { l: 50, r: 16, t: 4, b: 26 }, each = (plot.clientHeight - margin.t - margin.b) / series.length, isLog = chart.x.is_log;
    const low = isLog ? edges.find(edge => edge > 0) : edges[0], range = [low, edges.at(-1)], x = placer({ range, isLog }, margin.l, plot.clientWidth - margin.r), over = [];
    const panels = series.map((one, i) => {
      const above = margin.t + i * each, most = Math.max(...one.values.map(value => value ?? 0)), high = most * 1.06 || 1, ticks = valueTicks(most, chart.y.unit, 3), marks = chart.marks.filter(mark => mark.axis === "x");
      over.push(word(16, above + 11, one.total === null ? one.label : `${one.label}, ${number(one.total, "count")}${chart.y.label ? ` ${chart.y.label}` : ""}`, "strong"));
      return { y: { range: [0, high], ticks, texts: tickTexts(ticks, chart.y.unit) }, top: above + HEAD, bottom: above + each - (i === series.length - 1 ? 0 : 16), shapes: [this.bars(one, i, low), ...marks.flatMap(mark => limit([mark.at, mark.at], [0, high]))] };
    });
    const ticks = rangeTicks(low, edges.at(-1), chart.x.unit, isLog, plot.clientWidth < 520 ? 4 : 8);
    paint(plot, { margin, panels, x: { range, isLog, ...apart(ticks, tickTexts(ticks, chart.x.unit, isLog), x) } });
    chart.marks.filter(one => one.axis === "x").forEach((mark, i) => {
      const isLeft = i % 2 === 0 || x(mark.at) + mark.label.length * 6.5 > plot.clientWidth;
      over.push(word(x(mark.at) + (isLeft ? -4 : 4), margin.t + HEAD - 7 - (isLeft && i % 2 ? 13 : 0), mark.label, `${isLeft ? "end " : ""}small ground`));
    });
    this.over.replaceChildren(...over);
  }
  /** Bars as outlines between their edges: on a log axis a bar has no other width. */
  bars(one, i, least) {
    const { edges } = this.chart.shape, fill = seriesPaint(this.chart, one, i, this.view.colours), x = [], y = [];
    one.values.forEach((value, k) => {
      if (!value) return;
      const a = Math.max(edges[k], least), b = edges[k + 1];
      if (x.length) { x.push(null); y.push(null); }
      x.push(a, a, b, b, a);
      y.push(0, value, value, 0, 0);
    });
    return area(x, y, fill, { stroke: `var(--${fill}-line)` });
  }
}
export function histogram(chart, view) {
  if (!chart.shape.series.length || chart.shape.edges.length < 2) return { node: sentence(chart, chart.empty || "Nothing to draw."), draw() {} };
  return view.add(new HistogramChart(chart, view));
}
