import { el } from "./dom.js";
import { columnDigits, number, visible, isNumber } from "./format.js";
import { sentence } from "./frame.js";
import { theme } from "./theme.js";
import { finding, foot, panel } from "./words.js";
import { stamp, timeTicks } from "./zone.js";

// Amounts of rows by columns: a table whose cells are coloured. Zero is the surface, no data the hatch, the amount is in the cell.
const WORDY = 28;

export function heat(chart, view) {
  const { rows } = chart.shape, columns = chart.x.values, unit = chart.y.unit || "count", values = rows.flatMap(row => row.values), known = values.filter(isNumber);
  if (!rows.length || !columns.length) return { node: sentence(chart, chart.empty || "Nothing to draw."), draw() {} };
  const most = Math.max(0, ...known) || 1, digits = columnDigits(values, unit), isTime = chart.x.kind === "time", room = Math.min(innerWidth, theme.breakpoints.wide) - (innerWidth <= theme.breakpoints.phone ? 190 : 260), hasWords = room / columns.length >= WORDY;
  const name = at => isTime ? stamp(Date.parse(at), view.zone) : visible(at), said = value => number(value, unit, digits, unit === "ratio" || unit === "second");
  const cell = (row, value, i) => {
    const step = value === null ? -1 : value === 0 ? 0 : Math.max(1, Math.round(value / most * (theme.steps - 1))), paint = value === null ? "p-gap" : value === 0 ? "none" : `step-${step}`;
    return el("td", { class: paint, title: `${visible(row.label)}, ${name(columns[i])}: ${value === null ? "no data" : said(value)}`, vars: step > 0 ? { seq: `var(--seq-${step})` } : null },
      el("span", { class: hasWords ? null : "sr" }, value === null ? el("span", { class: "sr" }, "no data") : value === 0 && hasWords ? el("span", { class: "zero" }, "0") : said(value)), row.notes?.[i] && el("small", null, visible(row.notes[i])));
  };
  const ticks = isTime ? new Map(timeTicks(Date.parse(columns[0]), Date.parse(columns.at(-1)) + 1, room, view.zone, 80).map(({ at, text }) => [at, text])) : null;
  const head = at => el("th", { scope: "col" }, !isTime ? visible(at) : ticks.get(Date.parse(at)) ?? el("span", { class: "sr" }, name(at)));
  const table = el("table", { class: "heat" }, el("colgroup", null, el("col", { class: "c1" }), el("col", { span: columns.length })), el("thead", null, el("tr", null, el("td"), columns.map(head))), el("tbody", null, rows.map(row => el("tr", null, el("th", { scope: "row", title: visible(row.label) }, visible(row.label)), row.values.map((value, i) => cell(row, value, i))))));
  const node = panel(chart.id, visible(chart.title), chart.readout && el("span", { class: "read" }, visible(chart.readout)), finding(chart.finding),
    el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": visible(chart.title), "data-keep": `table-${chart.id}` }, table), foot(known.length > 0 && `Light to strong: 0 … ${number(Math.max(...known), unit)} ${chart.y.label}. Empty: zero. Hatched: no data.`.replace(" .", "."), chart.left_out, chart.foot));
  return { node, draw() {} };
}
