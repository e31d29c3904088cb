import { tokens } from "./tokens.js";

// The theme as data, the mode in force, and the paint of each name. A paint is a key of the style sheet, where its colours are: c0 … c11,
// others, state-idle.
export const theme = tokens;
const root = document.documentElement, system = matchMedia("(prefers-color-scheme: dark)"), listeners = new Set();

export const modeName = () => root.dataset.mode || (system.matches ? "dark" : "light");
export const onMode = listener => listeners.add(listener);
const changed = () => listeners.forEach(listener => listener());
system.addEventListener("change", changed);

export function toggleMode() {
  root.dataset.mode = modeName() === "dark" ? "light" : "dark";
  try { localStorage.setItem("gpuledger-mode", root.dataset.mode); } catch { /* a private window: forgotten at its end */ }
  changed();
}

const statePaint = key => "state-" + key.replaceAll("_", "-");
const PARTS = new Map(Object.entries(theme.states).flatMap(([key, state]) => [[key, statePaint(key)], [state.label, statePaint(key)]]));

function placed(names, before) {
  const taken = new Set(names.map(name => before.get(name))), free = Array.from({ length: theme.others.max_names }, (_, place) => place).filter(place => !taken.has(place));
  return new Map(names.map(name => [name, before.get(name) ?? free.shift()]));
}
/** Which paint a name has: by its rank in its dimension; past the twelfth, or unknown, it is one of the others. */
export class Colours {
  /** `before` are the colours of the document that stood here: a name keeps its own when a reader zooms or a refresh comes. */
  constructor(ranks, before = null) {
    this.ranks = new Map(Object.entries(ranks).map(([dimension, names]) => [dimension, placed(names.slice(0, theme.others.max_names), before?.ranks.get(dimension) ?? new Map())]));
  }
  /** The paint of an amount that is of no name: the first, or what the document keeps free for it. */
  get plain() { return `c${this.ranks.get("measure")?.get("measure") ?? 0}`; }
  has(dimension) { return dimension === "part" || (this.ranks.get(dimension)?.size ?? 0) > 0; }
  paint(dimension, name) {
    if (dimension === "part") return PARTS.get(name) ?? "others";
    const rank = this.ranks.get(dimension)?.get(name);
    return rank === undefined ? "others" : `c${rank}`;
  }
}

/** A series' paint: by the rank of its name; where names carry no colour, by place. */
export const seriesPaint = (chart, series, index, colours) =>
  colours.has(chart.dimension) ? colours.paint(chart.dimension, series.key) : index < theme.others.max_names ? `c${index}` : "others";
