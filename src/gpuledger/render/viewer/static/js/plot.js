import { svg } from "./dom.js";
import { theme } from "./theme.js";

// A chart over two axes as SVG: outlines, lines and dots over a grid. Its words are numbers and dates of our own making; names are HTML
// above it. Its colours are the style sheet's: they follow the mode, in print too.
export const MARGIN = { l: 46, r: 12, t: 8, b: 26 };
/** How long each drawing took, for whoever measures the page. */
export const draws = [];
const LEAST = 80;
const ink = name => `var(--${name})`;

/** Where a value of `axis` ({range, isLog}) stands between two places in pixels; null where it has no place: zero on a log scale. */
export function placer({ range: [low, high], isLog }, from, to) {
  const scale = isLog ? Math.log10 : Number, start = scale(low), step = (to - from) / (scale(high) - start);
  return value => value === null || (isLog && value <= 0) ? null : from + (scale(value) - start) * step;
}

// Shapes in values of their axes. A null in `x` begins a new piece: nothing is drawn across a gap.
export const area = (x, y, paint, more) => ({ x, y, fill: ink(paint), ground: paint, ...textureOf(paint), ...more });
export const line = (x, y, paint, width, more) => ({ x, y, fill: "none", stroke: ink(paint), "stroke-width": width, ...more });
export const dots = (x, y, paint, size, more) => ({ x, y, r: size / 2, fill: ink(paint), ...more });
/** A hatched band: nobody looked. Drawn from the interval, never guessed from a missing value. */
export const gapBand = (a, b, [low, high]) => area([a, b, b, a], [low, low, high, high], "surface", { texture: theme.textures.diagonal, inked: "gap" });
/** A limit: dashed ink on a halo of the surface. */
export const limit = (x, y) => [line(x, y, "surface", 5), line(x, y, "ink", 1.75, { "stroke-dasharray": theme.chart.limit.dash })];
/** The texture of a state, and of the others: the colour is never alone. */
function textureOf(paint) {
  if (paint === "others") return { texture: theme.textures.diagonal, inked: "others-line" };
  const state = paint.startsWith("state-") && theme.states[paint.slice(6).replaceAll("-", "_")], texture = state && theme.textures[state.texture];
  return texture && Object.keys(texture).length ? { texture, inked: `${paint}-texture` } : {};
}

/**
 * Draws `panels`, one above the other, over one axis `x`. A panel is {y, top, bottom (pixels), shapes}; an axis is
 * {range, isLog, ticks, texts, hasGrid}.
 */
export function paint(node, { margin, x, panels }) {
  const start = performance.now(), width = node.clientWidth, height = node.clientHeight;
  if (width < LEAST) return; // nothing fits
  const wide = width - margin.l - margin.r, X = placer(x, 0, wide), last = panels.at(-1), patterns = [];
  const dates = x.ticks.map((tick, i) => svg("text", { x: X(tick), y: last.bottom + 16, "text-anchor": "middle" }, x.texts[i]));
  const drawn = panels.map(panel => svg("g", { transform: `translate(0 ${panel.top})` }, panelParts(panel, x, X, wide, patterns)));
  node.replaceChildren(svg("svg", { width, height, "aria-hidden": "true" }, svg("defs", null, patterns), svg("g", { transform: `translate(${margin.l} 0)` }, drawn, dates)));
  draws.push({ chart: node.dataset.chart, milliseconds: performance.now() - start });
}
function panelParts({ y, top, bottom, shapes }, x, X, wide, patterns) {
  const high = bottom - top, Y = placer(y, high, 0), across = at => `M0 ${at}H${wide}`, rule = (d, kind) => svg("path", { d, class: kind });
  const grid = [...(y.ticks ?? []).map(tick => across(Y(tick))), ...(x.hasGrid ? x.ticks.map(tick => `M${X(tick)} 0V${high}`) : [])];
  return [
    rule(grid.join(""), "grid-lines"), rule(across(high), "base-line"),
    svg("svg", { width: wide, height: high }, shapes.flatMap(shape => node(shape, X, Y, patterns))), // what an inner picture holds ends at its edges
    (y.ticks ?? []).map((tick, i) => svg("text", { x: -6, y: Y(tick) + 4, "text-anchor": "end" }, y.texts[i])),
  ];
}
function node({ x, y, r, texture, inked, ground, ...paint }, X, Y, patterns) {
  if (r) return x.map((at, i) => [X(at), Y(y[i])]).filter(place => !place.includes(null)).map(([cx, cy]) => svg("circle", { cx, cy, r, ...paint }));
  return svg("path", { d: outline(x, y, X, Y), ...paint, ...(texture ? { fill: hatched(texture, inked, ground, patterns) } : {}) });
}
/** In tenths of a pixel; steps are the most of it, so that what stays the same is left out. */
function outline(x, y, X, Y) {
  let d = "", isNew = true, a, b;
  for (let i = 0; i < x.length; i++) {
    const at = X(x[i]), high = Y(y[i]), p = Math.round(at * 10) / 10, q = Math.round(high * 10) / 10;
    if (at === null || high === null) { isNew = true; continue; }
    d += isNew ? `M${p} ${q}` : p === a ? (q === b ? "" : `V${q}`) : q === b ? `H${p}` : `L${p} ${q}`;
    [a, b, isNew] = [p, q, false];
  }
  return d;
}
let made = 0;
/** A texture of the theme, the same as in lanes and keys: ink where both coordinates, modulo their step, are below their bound. */
function hatched({ x: [w, wide] = [4, 4], y: [h, high] = [4, 4], sum }, inked, ground, patterns) {
  const id = `hatch-${made++}`, [step] = sum ?? [], [width, height] = sum ? [step, step] : [w, h];
  const mark = sum ? svg("path", { d: `M-1 1L1-1M0 ${step}L${step} 0M${step - 1} ${step + 1}L${step + 1} ${step - 1}`, stroke: ink(inked) }) : svg("rect", { width: wide, height: high, fill: ink(inked) });
  patterns.push(svg("pattern", { id, width, height, patternUnits: "userSpaceOnUse" }, svg("rect", { width, height, fill: ink(ground) }), mark));
  return `url(#${id})`;
}
