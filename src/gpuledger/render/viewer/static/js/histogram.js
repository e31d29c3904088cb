import { number, unitBeside, unitWord, visible } from "./format.js";
import { frame, sentence, spoken, word } from "./frame.js";
import { apart, rangeTicks, tickTexts, valueTicks } from "./place.js";
import { axes, layout, limit, react } from "./plot.js";
import { colour, seriesPaint } from "./theme.js";

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
  async draw() {
    const { plot, chart } = this, { series, edges } = chart.shape, margin = { l: 50, r: 16, t: 4, b: 26 }, height = plot.clientHeight - margin.t - margin.b, isLog = chart.x.is_log, scale = value => isLog ? Math.log10(value) : value;
    const low = isLog ? edges.find(edge => edge > 0) : edges[0], range = [low, edges.at(-1)].map(scale), x = value => margin.l + (scale(value) - range[0]) / (range[1] - range[0]) * (plot.clientWidth - margin.l - margin.r);
    const traces = [], shapes = [], shown = {}, over = [];
    series.forEach((one, i) => {
      const place = i ? String(i + 1) : "", domain = [i === series.length - 1 ? 0 : 1 - ((i + 1) * height / series.length - 16) / height, 1 - (i * height / series.length + HEAD) / height], most = Math.max(...one.values.map(value => value ?? 0)), ticks = valueTicks(most, chart.y.unit, 3);
      traces.push(this.trace(one, i, "y" + place, range[0], scale));
      shown["yaxis" + place] = { ...axes(), domain, range: [0, most * 1.06 || 1], tickvals: ticks, ticktext: tickTexts(ticks, chart.y.unit), ticklen: 0, zeroline: true, showline: false };
      for (const mark of chart.marks.filter(one_ => one_.axis === "x")) shapes.push(...limit("x", mark.at, { y0: domain[0], y1: domain[1] }));
      over.push(word(16, margin.t + i * height / series.length + 11, one.total === null ? one.label : `${one.label}, ${number(one.total, "count")}${chart.y.label ? ` ${chart.y.label}` : ""}`, "strong"));
    });
    const ticks = rangeTicks(low, edges.at(-1), chart.x.unit, isLog, plot.clientWidth < 520 ? 4 : 8);
    await react(plot, traces, layout(plot, { margin, shapes, xaxis: { type: isLog ? "log" : "linear", range, ...apart(ticks, tickTexts(ticks, chart.x.unit, isLog), x), anchor: series.length > 1 ? "y" + series.length : "y" }, ...shown }));
    chart.marks.filter(one => one.axis === "x").forEach((mark, i) => {
      const isLeft = i % 2 === 0 || x(mark.at) + mark.label.length * 6.5 > plot.clientWidth;
      over.push(word(x(mark.at) + (isLeft ? -4 : 4), margin.t + HEAD - 7 - (isLeft && i % 2 ? 13 : 0), mark.label, `${isLeft ? "end " : ""}small ground`));
    });
    this.over.replaceChildren(...over);
  }
  /** Bars as outlines between their edges: on a log axis a bar has no other width. */
  trace(one, i, yaxis, least, scale) {
    const { edges } = this.chart.shape, { fill, line: edge } = colour(seriesPaint(this.chart, one, i, this.view.colours)), x = [], y = [], bottom = this.chart.x.is_log ? 10 ** least : edges[0];
    one.values.forEach((value, k) => {
      if (!value) return;
      const a = Math.max(edges[k], bottom), b = edges[k + 1];
      if (x.length) { x.push(null); y.push(null); }
      x.push(a, a, b, b, a);
      y.push(0, value, value, 0, 0);
    });
    return { type: "scatter", mode: "lines", x, y, yaxis, fill: "toself", fillcolor: fill, line: { color: edge, width: 1 }, hoverinfo: "skip" };
  }
}
export function histogram(chart, view) {
  if (!chart.shape.series.length || chart.shape.edges.length < 2) return { node: sentence(chart, chart.empty || "Nothing to draw."), draw() {} };
  return view.add(new HistogramChart(chart, view));
}
