import { el, icon, say, swatch } from "./dom.js";
import { cell, columnDigits, columnFinest, isNumber, machine, unitBeside, visible, NULL } from "./format.js";
import { finding, foot, panel, prose } from "./words.js";
import { theme } from "./theme.js";

// A typed table: totals first, others last, sort by any column, search, bars beside numbers, CSV of what is shown.
const TEXTUAL = new Set(["text", "instant", "date"]), LONG = 12, TALL = 50, WIDE = 8, LEAST_BAR = 1;
const NOT_COLLECTED = theme.number.not_collected;

/** How one column prints: its decimals or finest unit of time, and its largest value for bars. */
function styleOf(block, column, index) {
  const values = block.rows.map(row => row[index]);
  return { column, index, digits: columnDigits(values, column.format), finest: columnFinest(values, column.format), most: Math.max(0, ...values.filter(isNumber)), isNumeric: !TEXTUAL.has(column.format) };
}
/** A row's bars take the colour of its first name; each name has the swatch of its own dimension. */
function paintOf(dimension, name, kind, colours) {
  if (!colours.has(dimension)) return colours.plain;
  return kind === "others" || name === null ? "others" : colours.paint(dimension, String(name));
}
function rowPaint(row, kind, styles, colours) {
  const named = styles.find(style => style.column.dimension);
  return named ? paintOf(named.column.dimension, row[named.index], kind, colours) : colours.plain;
}
function bar(value, kind, style, paint) {
  const width = kind === "total" || !isNumber(value) || style.most <= 0 ? -1 : value / style.most * 100;
  return el("span", { class: "bar", "aria-hidden": "true" }, width > 0 && width <= 100 && el("span", { class: `fill p-${paint}`, vars: { w: Math.max(width, LEAST_BAR) + "%" } }));
}
function content(value, kind, style, paint, view) {
  const { column } = style, words = visible(cell(value, column.format, view.zone, style.digits, style.finest));
  const hasSwatch = column.dimension && kind !== "total" && value !== null && view.colours.has(column.dimension);
  const shown = value === null ? (column.dimension ? "not known" : NULL) : words || "(empty)";
  const isNull = value === null && !column.dimension;
  return [column.has_bar && bar(value, kind, style, paint), hasSwatch && swatch(paintOf(column.dimension, value, kind, view.colours)),
    el("bdi", { class: isNull ? "null" : null, title: isNull ? NOT_COLLECTED : words.length > 15 ? words : null }, shown, isNull && el("span", { class: "sr" }, ` ${NOT_COLLECTED}`))];
}
function rowNode(row, kind, styles, view) {
  const paint = rowPaint(row, kind, styles, view.colours);
  return el("tr", { class: kind }, styles.map((style, place) => {
    const value = row[style.index], quiet = value === 0 || (value === null && style.column.dimension) ? "zero" : "";
    const names = [style.isNumeric && "num", style.column.has_bar && "with-bar", quiet, `rank-${style.column.rank}`].filter(Boolean).join(" ");
    return el(place ? "td" : "th", { class: names, scope: place ? null : "row" }, content(value, kind, style, paint, view));
  }));
}

/** Larger first, nulls always last. */
function compared(index, isDown) {
  return (p, q) => {
    const [a, b] = [p[index], q[index]];
    if (a === null || b === null) return (a === null) - (b === null);
    return (a < b ? -1 : a > b ? 1 : 0) * (isDown ? -1 : 1);
  };
}
/** A cell that a spreadsheet would run is text. */
const safe = text => {
  const plain = /^[=+\-@\t\r]/.test(text) && !/^-?[\d.]+(e[+-]?\d+)?$/i.test(text) ? "'" + text : text;
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
};
export const csv = lines => lines.map(line => line.map(value => safe(machine(value))).join(",")).join("\r\n");

/** The table's panel; `kept` holds order and search by table, so that they outlive a refresh. */
export function table(block, view, kept) {
  if (!block.rows.length && !block.totals) return panel(block.id, visible(block.title), null, finding(block.finding), el("p", { class: "empty" }, prose(block.empty)), foot(block.left_out, block.foot));
  const state = kept[block.id] ??= { by: null, isDown: true, query: "" };
  const styles = block.columns.map((column, index) => styleOf(block, column, index));
  const head = el("tr"), body = el("tbody"), count = el("span", { class: "count" });
  const title = visible(block.title);

  const rows = () => {
    const wanted = state.query.toLowerCase(), texts = styles.filter(style => !style.isNumeric);
    const found = wanted ? block.rows.filter(row => texts.some(({ index }) => String(row[index] ?? "").toLowerCase().includes(wanted))) : [...block.rows];
    return state.by === null ? found : found.sort(compared(state.by, state.isDown));
  };
  function sortBy(style) {
    state.isDown = state.by === style.index ? !state.isDown : style.isNumeric || style.column.format !== "text";
    state.by = style.index;
    draw();
    say(`Sorted by ${style.column.label}, ${state.isDown ? "largest" : "smallest"} first`);
  }
  function headCell(style) {
    const { column, index, isNumeric } = style, isSorted = state.by === index, unit = unitBeside(column.label, column.unit);
    const mark = el("span", { class: "sort", "aria-hidden": "true" }, isSorted ? (state.isDown ? "▾" : "▴") : "");
    const words = el("span", null, visible(column.label), unit && el("small", null, " ", visible(unit)));
    return el("th", { scope: "col", class: `${isNumeric ? "num " : ""}rank-${column.rank}`, title: column.meaning ? visible(column.meaning) : null, "aria-sort": isSorted ? (state.isDown ? "descending" : "ascending") : "none" },
      el("button", { type: "button", "data-column": index, onclick: () => sortBy(style) }, isNumeric ? [mark, words] : [words, mark]));
  }
  function draw() {
    const focused = document.activeElement?.closest("th") && head.contains(document.activeElement) ? document.activeElement.dataset.column : null, list = rows();
    head.replaceChildren(...styles.map(headCell));
    head.querySelector(`[data-column="${focused}"]`)?.focus();
    const ends = state.query ? [[], []] : [block.totals ? [rowNode(block.totals, "total", styles, view)] : [], block.others ? [rowNode(block.others, "others", styles, view)] : []];
    body.replaceChildren(...ends[0], ...list.map(row => rowNode(row, "row", styles, view)), ...ends[1]);
    if (state.query && !list.length) body.replaceChildren(el("tr", null, el("td", { class: "empty", colspan: styles.length }, `No row holds “${visible(state.query)}”.`)));
    count.textContent = state.query ? `${list.length} of ${block.rows.length} rows` : "";
  }
  async function copy() {
    const lines = [block.columns.map(column => column.key), ...rows()];
    try { await navigator.clipboard.writeText(csv(lines)); say("Table copied as CSV"); copied.textContent = "Copied"; } catch { copied.textContent = "Copying is not allowed here"; say(copied.textContent); }
  }
  const copied = el("span", null, "Copy CSV");
  const find = block.rows.length > LONG && el("input", { type: "search", placeholder: "Find", "aria-label": `Find in ${title}`, "data-keep": `find-${block.id}`, oninput: event => { state.query = event.target.value; draw(); } });
  if (find) find.value = state.query;
  draw();
  const hasNull = block.rows.some(row => row.some((value, i) => value === null && !block.columns[i].dimension));
  const isTall = block.rows.length > TALL;
  return panel(block.id, title, el("div", { class: "tools" }, count, find, el("button", { type: "button", "aria-label": `Copy ${title} as CSV`, onclick: copy }, icon("copy"), copied)), finding(block.finding),
    el("div", { class: isTall ? "scroll tall" : "scroll", tabindex: 0, role: "region", "aria-label": title, "data-keep": `table-${block.id}` }, el("table", { class: styles.length > WIDE ? "data wide" : "data" }, el("thead", null, head), body)),
    foot(isTall && `${block.rows.length.toLocaleString("en")} rows: scroll the table to see them all.`, block.left_out, block.foot, hasNull && !block.foot && "“–” means not collected, never zero."));
}
