import { el } from "./dom.js";
import { columnDigits, number, visible, isNumber } from "./format.js";
import { finding, foot, panel } from "./words.js";
import { seriesPaint } from "./theme.js";

const MANY = 12;

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
