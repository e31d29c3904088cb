import { el, swatch } from "./dom.js";
import { columnDigits, number, visible, isNumber } from "./format.js";
import { sentence } from "./frame.js";
import { finding, foot, panel } from "./words.js";
import { seriesPaint } from "./theme.js";

const MANY = 12;

/** Ranked bars of one scale: a table row a name, its parts beside each other, its amount in words. */
export function ranked(chart, view) {
  const { bars: all, part_dimension: dimension } = chart.shape, sum = bar => bar.parts.reduce((total, [, amount]) => total + amount, 0), most = Math.max(0, ...all.map(sum)) || 1;
  if (!all.length) return { node: sentence(chart, chart.empty || "Nothing to show."), draw() {} };
  const paint = (bar, part) => dimension ? view.colours.paint(dimension, part) : view.colours.has(chart.dimension) ? view.colours.paint(chart.dimension, bar.key) : view.colours.plain;
  const fill = (bar, [part, amount]) => amount > 0 && el("span", { class: `fill p-${paint(bar, part)}`, title: dimension ? visible(part) : null, vars: { w: amount / most * 100 + "%" } });
  const row = bar => el("tr", null, el("th", { scope: "row", title: visible(bar.label) }, visible(bar.label)), el("td", { class: "lane" }, el("span", { class: "bar-line", "aria-hidden": "true" }, bar.parts.map(part => fill(bar, part)))), el("td", { class: "said" }, visible(bar.words)));
  const parts = dimension ? [...new Set(all.flatMap(bar => bar.parts.filter(([, amount]) => amount > 0).map(([part]) => part)))] : [];
  const keys = parts.length > 0 && el("ul", { class: "legend parts" }, parts.map(part => el("li", null, swatch(view.colours.paint(dimension, part)), " ", visible(part))));
  return { node: panel(chart.id, visible(chart.title), chart.readout && el("span", { class: "read" }, visible(chart.readout)), finding(chart.finding), keys,
    el("table", { class: all.length > MANY ? "ranked long many" : "ranked long" }, el("thead", { class: "sr" }, el("tr", null, ["Name", "Bar", "Amount"].map(name => el("th", { scope: "col" }, name)))), el("tbody", null, all.map(row))), foot(chart.left_out, chart.foot)), draw() {} };
}

/** Amounts by category: a table with bars in it, readable, selectable, spoken. */
export function bars(chart, view) {
  const { series } = chart.shape, unit = chart.y.unit, values = series.flatMap(one => one.values), most = Math.max(0, ...values.filter(isNumber)), digits = columnDigits(values, unit);
  const bar = (one, index, place) => {
    const value = one.values[place], width = isNumber(value) && most > 0 ? value / most * 100 : 0;
    return el("span", { class: "bar-line" }, width > 0 && el("span", { class: `fill p-${seriesPaint(chart, one, index, view.colours)}`, "aria-hidden": "true", vars: { w: width + "%" } }), el("b", { class: value === 0 ? "zero" : null }, number(value, unit, digits, unit === "ratio" || unit === "second")));
  };
  const row = (name, place) => el("tr", null, el("th", { scope: "row" }, visible(name)), series.map((one, index) => el("td", { class: "lane" }, bar(one, index, place))));
  const heads = el("tr", null, el("th", { scope: "col" }, visible(chart.x.label || "Category")), series.map(one => el("th", { scope: "col" }, visible(one.label))));
  return panel(chart.id, visible(chart.title), chart.readout && el("span", { class: "read" }, visible(chart.readout)), finding(chart.finding),
    el("table", { class: chart.x.values.length > MANY ? "ranked many" : "ranked" }, el("thead", { class: series.length > 1 ? null : "sr" }, heads), el("tbody", null, chart.x.values.map(row))), foot(chart.left_out, chart.foot));
}
