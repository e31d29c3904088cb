import { anchor, el, levelIcon, svg } from "./dom.js";
import { cell, number, unitBeside, unitWord, visible, NULL, isNumber } from "./format.js";
import { theme } from "./theme.js";

// The blocks that are words and numbers: banners, checks, cards, text, definitions.
export function banner(level, title, text, action) {
  const isUrgent = level === "critical" || level === "stale";
  return el("div", { class: `banner ${level}`, role: isUrgent ? "alert" : "status" }, levelIcon(level),
    el("p", null, el("b", null, `${theme.severity[level].label}: `, prose(title), " "), prose(text)), action);
}
/** A sentence: what stands between backticks, a command mostly, is set as code. Whole words, not those that a name happens to hold. */
export const prose = text => visible(text ?? "").split(/(?<![^\s(“])`([^`]+)`(?![^\s.,;:)”])/).map((part, i) => i % 2 ? el("code", null, part) : part);
/** A note above the title; its evidence is a link where it names a block of the document. */
export function noteBanner(note, titles) {
  const isBlock = titles.has(note.evidence);
  return banner(note.level, note.sentence, isBlock ? "" : note.evidence, isBlock && evidence(note.evidence, titles));
}
/** Evidence that moves to its block without touching the address, which holds the state. */
const evidence = (id, titles) => el("button", { type: "button", class: "link", onclick: () => document.getElementById(anchor(id))?.scrollIntoView() }, visible(titles.get(id)));

/** Rules checked on every run; a broken one is named, never hidden. */
export const checks = (notes, titles, title) => panel("", visible(title), null, el("ul", { class: "checks" }, notes.map(note =>
  el("li", { class: note.level, id: anchor(note.id) }, levelIcon(note.level),
    el("span", null, el("span", { class: "sr" }, theme.severity[note.level].label + ": "), prose(note.sentence), note.evidence && [" ", titles.has(note.evidence) ? evidence(note.evidence, titles) : el("span", { class: "evidence" }, prose(note.evidence))])))));

/** The frame of every block: title, what stands at its right, finding, content, foot. */
export function panel(id, title, right, ...content) {
  return el("section", { class: "panel", id: id && anchor(id) }, (title || right) && el("header", null, title && el("h2", null, title), right), content);
}
export const finding = text => text && el("p", { class: "finding" }, prose(text));
export const foot = (...parts) => { const said = parts.filter(Boolean); return said.length > 0 && el("footer", null, prose(said.join(" "))); };

function spark(values) {
  const known = values.filter(isNumber), low = Math.min(...known), high = Math.max(...known), step = 88 / Math.max(1, values.length - 1);
  if (known.length < 2) return null;
  const y = value => (20 - (value - low) / (high - low || 1) * 18).toFixed(1);
  const path = values.map((value, i) => value === null ? "" : `${i && values[i - 1] !== null ? "L" : "M"}${(i * step).toFixed(1)} ${y(value)}`).join("");
  const last = values.findLastIndex(isNumber);
  return el("dd", { class: "spark" }, svg("svg", { viewBox: "0 0 88 22", width: 88, height: 22, "aria-hidden": "true" }, svg("path", { d: path }), svg("circle", { cx: last * step, cy: y(values[last]), r: 2 })));
}
function delta({ delta: change, format, verdict, label }) {
  const arrow = change === 0 ? "=" : change > 0 ? "▲" : "▼", told = verdict === "none" ? "" : ` ${verdict}`;
  return el("dd", { class: "context" }, el("span", { class: `delta ${verdict}` }, `${arrow} ${number(Math.abs(change), format).replace(/^\+/, "")}${told}`), " ", el("span", { class: "versus" }, visible(label)));
}
function measured({ ratio, source }) {
  return el("dd", { class: "measured" }, el("span", { class: "meter p-gap", "aria-hidden": "true" }, el("span", { vars: { w: ratio * 100 + "%" } })), el("span", null, `${number(ratio, "ratio")} measured${source ? ` by ${visible(source)}` : ""}`));
}
function card(item, zone) {
  let value = cell(item.value, item.format, zone);
  const isKnown = value !== NULL, [unit, ...whole] = item.unit.split(/(?:^| )of /), word = unit || (isNumber(item.value) ? unitWord(item.format) : "");
  if (word && value.endsWith(word)) value = value.slice(0, -word.length).trimEnd();
  const part = whole.length > 0 && isKnown && "of " + whole.join(" of ");
  return el("div", { class: isKnown ? "card" : "card unknown" },
    el("dt", { title: item.meaning ? visible(item.meaning) : null }, visible(item.label)),
    el("dd", { class: "value" }, el("span", null, isKnown ? visible(value) : "not known"), isKnown && word && el("small", null, visible(word))),
    part && el("dd", { class: "context" }, visible(part)),
    item.comparison && delta(item.comparison), item.reason && el("dd", { class: "context" }, prose(item.reason)),
    item.measured ? measured(item.measured) : spark(item.spark));
}
export const cards = (block, view) => [el("h2", { class: "sr" }, visible(block.title)), el("dl", { class: "cards", id: anchor(block.id) }, block.items.map(item => card(item, view.zone)))];

/** Paragraphs; lines that begin with "- " are items of a list. */
export function text(block) {
  const parts = [];
  for (const line of block.text.split("\n").filter(Boolean)) {
    if (!line.startsWith("- ")) parts.push(el("p", null, prose(line)));
    else {
      if (parts.at(-1)?.tagName !== "UL") parts.push(el("ul"));
      parts.at(-1).append(el("li", null, prose(line.slice(2))));
    }
  }
  const node = panel(block.id, visible(block.title), null, parts);
  node.classList.add("words");
  return node;
}
export function definitions(block) {
  const node = panel(block.id, visible(block.title), null, el("dl", { class: "definitions" }, block.items.map(([label, unit, meaning]) =>
    [el("dt", null, visible(label), unitBeside(label, unit) && el("small", null, " ", visible(unit))), el("dd", null, prose(meaning))])));
  node.classList.add("words");
  return node;
}
