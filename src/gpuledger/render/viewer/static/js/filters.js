import { el } from "./dom.js";
import { visible } from "./format.js";
import { isLive, missingOf, windowsOf } from "./source.js";
import { fieldText, fieldTime } from "./zone.js";

// The controls above a report: its tabs, its period, and one control for each parameter its schema declares.
const PRESETS = ["6h", "12h", "24h", "3d", "7d", "14d", "30d"], INLINE = 3;
/** Parameters that the controls of the period say. */
const OF_PERIOD = new Set(["last", "from", "to", "start", "end", "month"]);

/** `first` stands before all others. `go(changes)` shows the page with these parts of its state changed. */
export function filters(info, state, content, go, first = null) {
  const tab = tabs(info, state, go), period = periods(info, state, content, go), more = isLive ? parameters(info, state, content, go) : [];
  const scale = content && hasScale(content) && segment("Scale", [["linear", !state.isLog], ["log", state.isLog]], name => go({ isLog: name === "log" }));
  return el("div", { class: "filters" }, first, tab, period, more, scale);
}
const hasScale = content => content.sections.some(section => section.blocks.some(block => block.kind === "chart" && block.shape.shape === "lines" && block.x.kind !== "category"));
const segment = (label, choices, chosen) => el("div", { class: "segment", role: "group", "aria-label": label, title: label }, choices.map(([name, isOn]) => el("button", { type: "button", "aria-pressed": String(isOn), "data-keep": `${label}-${name}`, onclick: () => chosen(name) }, visible(name))));

function tabs(info, state, go) {
  const labels = (info.tabs ?? []).map(tab => tab.label);
  if (!labels.length) return null;
  if (labels.length <= 6) return segment("Tab", labels.map(label => [label, label === state.tab]), label => go({ tab: label }));
  return choice("Tab", labels.map(label => [label, label]), state.tab, tab => go({ tab }));
}
const choice = (label, all, own, chosen) => labelled(label, el("select", { "data-keep": label, onchange: event => chosen(event.target.value) }, all.map(([value, words]) => el("option", { value, selected: value === own }, visible(words)))));
const labelled = (words, control, meaning) => el("label", { title: meaning ? visible(meaning) : null }, el("span", null, visible(words)), control);

const HOURS = { h: 1, d: 24, w: 168, m: 720 };
/** A length of time as in "30d"; of "all" it is not a number. */
export const hours = last => parseFloat(last) * (HOURS[last.replace(/^[\d.]+/, "")[0]] ?? 1);
/** Live: presets, the report's own span, and any range. A page of ready windows offers those it has. */
function periods(info, state, content, go) {
  const own = state.last ?? (state.from || state.month ? null : info.default_last), fresh = { from: null, to: null, month: null, range: null };
  if (!isLive) {
    const ready = [...windowsOf(info, state.tab), ...missingOf(info, state.tab)].map(one => one.last).filter(Boolean).sort((a, b) => hours(a) - hours(b)), now = ready.includes(own) ? own : ready.at(-1);
    return ready.length > 1 ? segment("Period", ready.map(last => [last, last === now]), last => go({ ...fresh, last })) : null;
  }
  const spans = [...new Set([...PRESETS, info.default_last])].sort((a, b) => hours(a) - hours(b));
  return [segment("Period", spans.map(last => [last, last === own]), last => go({ ...fresh, last })), range(state, content, go)];
}
function range(state, content, go) {
  const zone = content?.display_zone ?? "UTC", period = content?.period, ends = ["start", "end"].map(key => period ? fieldText(Date.parse(period[key]), zone) : "");
  const [from, to] = [["From", ends[0]], ["To", ends[1]]].map(([label, value]) => el("input", { type: "datetime-local", required: true, value, "aria-label": label, "data-keep": label }));
  const wrong = el("p", { class: "wrong", role: "alert" }), box = el("details", { class: "custom" });
  const apply = event => {
    event.preventDefault();
    const [a, b] = [from, to].map(field => fieldTime(field.value, zone));
    wrong.textContent = b > a ? "" : "The end must be after the beginning.";
    if (b > a) go({ last: null, month: null, range: null, from: new Date(a).toISOString(), to: new Date(b).toISOString() });
  };
  box.append(el("summary", { class: state.from ? "chosen" : null }, "Custom"), el("form", { onsubmit: apply }, labelled("From", from), labelled("To", to), el("small", null, `times in ${zone}; the end is not included`), wrong, el("button", { type: "submit" }, "Apply")));
  box.addEventListener("keydown", event => { if (event.key === "Escape") { box.open = false; box.firstChild.focus(); } });
  return box;
}

/** Choices stand in the bar, the first few; the rest and free text behind "Filters". */
function parameters(info, state, content, go) {
  const schema = info.parameters ?? {}, tab = (info.tabs ?? []).find(one => one.label === state.tab), fixed = new Set(Object.keys(tab?.parameters ?? {}));
  const all = Object.entries(schema.properties ?? {}).filter(([name]) => !fixed.has(name) && !OF_PERIOD.has(name)).map(([name, property]) => ({ name, ...resolved(property, schema) })).filter(one => one.type !== "object");
  const set = (name, value) => { const { [name]: _, ...others } = state.parameters; go({ parameters: value === null ? others : { ...others, [name]: value } }); };
  const control = one => made(one, state.parameters[one.name] ?? content?.parameters[one.name] ?? one.default, value => set(one.name, value));
  const choices = all.filter(one => one.enum).slice(0, INLINE), rest = all.filter(one => !choices.includes(one)), count = Object.keys(state.parameters).filter(name => rest.some(one => one.name === name)).length + state.where.length;
  const where = el("input", { type: "text", value: state.where.join(" "), placeholder: "user=ada queue!=cpu", "data-keep": "where", onchange: event => go({ where: event.target.value.split(/\s+/).filter(Boolean) }) });
  return [choices.map(control), el("details", { class: "custom" }, el("summary", { class: count ? "chosen" : null }, count ? `Filters (${count})` : "Filters"), el("div", null, labelled("Only where", where, "DIM=VALUE keeps, DIM!=VALUE leaves out; commas join values, spaces join filters."), rest.map(control)))];
}
/** The schema of one property without what may be null: a reference looked up, the first real choice of several. */
function resolved(property, schema) {
  const { anyOf, allOf, $ref, ...rest } = property, inner = $ref ? schema.$defs?.[$ref.split("/").at(-1)] : [...(anyOf ?? []), ...(allOf ?? [])].find(one => one.type !== "null");
  return inner ? { ...resolved(inner, schema), ...rest } : rest.const !== undefined ? { ...rest, enum: [rest.const] } : rest;
}
function made(one, value, set) {
  const words = (one.title ?? one.name).replaceAll("_", " "), attributes = { name: one.name, "data-keep": `p-${one.name}` }, text = Array.isArray(value) ? value.join(", ") : value ?? "";
  const changed = read => event => { if (event.target.reportValidity()) set(event.target.value === "" ? null : read(event.target.value)); };
  if (one.enum) return labelled(words, el("select", { ...attributes, onchange: event => set(event.target.value) }, one.enum.map(choice => el("option", { value: choice, selected: String(choice) === String(value) }, visible(choice).replaceAll("_", " ")))), one.description);
  if (one.type === "boolean") { const box = el("input", { ...attributes, type: "checkbox", onchange: event => set(String(event.target.checked)) }); box.checked = value === true || value === "true"; return labelled(words, box, one.description); }
  if (one.type === "integer" || one.type === "number") return labelled(words, el("input", { ...attributes, type: "number", value: text, min: one.minimum, max: one.maximum, step: one.type === "integer" ? 1 : "any", onchange: changed(Number) }), one.description);
  return labelled(words, el("input", { ...attributes, type: "text", value: text, onchange: changed(one.type === "array" ? said => said.split(",").map(part => part.trim()).filter(Boolean) : String) }), one.description);
}
