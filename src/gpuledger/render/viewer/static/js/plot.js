import { config } from "./source.js";
import { mode, theme } from "./theme.js";

// What every Plotly chart shares. Plotly draws shapes and numbers only: it reads tags in every text, so no name enters it.
export const MARGIN = { l: 46, r: 12, t: 8, b: 26 };
const CONFIG = { displayModeBar: false, responsive: false, doubleClick: false, showTips: false, scrollZoom: false, staticPlot: true };
/** How long each drawing took, for whoever measures the page. */
export const draws = [];
const LEAST = 80;
let library = null;

/** The chart library is not to be had: every chart of it is missing for this one reason. */
export class LibraryMissing extends Error {}

/** Plotly is 4.8 MB: fetched (or, in one file, unpacked) only when a chart needs it, after words and tables are on the page. */
export const plotly = () => library ??= load().catch(error => { library = null; throw error; });
/** Has the library on this machine when the first chart needs it; what goes wrong then is said then. */
export function ahead() {
  if (config.plotly && config.mode !== "embedded") fetch(new URL(config.plotly, document.baseURI), { priority: "low" }).then(answer => answer.blob()).catch(() => null);
}
async function load() {
  const packed = document.getElementById("gpuledger-plotly")?.textContent, script = document.createElement("script");
  if (packed) {
    const bytes = Uint8Array.from(atob(packed), letter => letter.charCodeAt(0));
    script.textContent = await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
    document.head.append(script);
  } else if (config.plotly) {
    script.src = new URL(config.plotly, document.baseURI);
    await new Promise((done, fail) => { script.onload = done; script.onerror = () => fail(new LibraryMissing("The chart library could not be loaded.")); document.head.append(script); });
  }
  if (!globalThis.Plotly) throw new LibraryMissing("The chart library is not here.");
  return globalThis.Plotly;
}

export function axes() {
  const { ui } = mode(), font = { color: ui.ink_2, size: theme.font.size.small };
  return { gridcolor: ui.grid, linecolor: ui.line_strong, zerolinecolor: ui.line_strong, tickfont: font, tickcolor: ui.line_strong, automargin: false, fixedrange: true };
}
export function layout(node, { margin, xaxis, yaxis, ...rest }) {
  const { ui } = mode();
  return {
    width: node.clientWidth, height: node.clientHeight, margin: { ...MARGIN, ...margin }, showlegend: false, hovermode: false, dragmode: false,
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { family: theme.font.web, size: theme.font.size.small, color: ui.ink },
    xaxis: { ...axes(), showgrid: false, zeroline: false, ticklen: 3, ...xaxis }, yaxis: { ...axes(), showline: false, ticklen: 0, zeroline: true, ...yaxis }, ...rest,
  };
}
export async function react(node, traces, shown) {
  const Plotly = await plotly(), start = performance.now();
  if (node.clientWidth < LEAST) return; // nothing fits, and the library would not come back from it
  await Plotly.react(node, traces, shown, CONFIG);
  draws.push({ chart: node.dataset.chart, milliseconds: performance.now() - start, traces: traces.length });
  node.querySelectorAll("svg").forEach(one => one.setAttribute("aria-hidden", "true"));
}
export const area = (x, y, fill, more = {}) => ({ type: "scatter", mode: "lines", x, y, fill: "toself", fillcolor: fill, line: { width: 0 }, hoverinfo: "skip", ...more });
export const line = (x, y, color, width, more = {}) => ({ type: "scatter", mode: "lines", x, y, line: { color, width }, hoverinfo: "skip", ...more });
/** The texture of a state as the library draws it: the colour is never alone. */
export function hatch(paint) {
  const key = paint.startsWith("state-") ? paint.slice(6).replaceAll("-", "_") : null, rule = key ? theme.textures[theme.states[key].texture] : {}, { fill, texture } = key ? mode().states[key] : {};
  const shape = rule.sum ? "/" : rule.x && rule.y ? "." : rule.x ? "|" : rule.y ? "-" : null;
  return shape ? { fillpattern: { shape, size: 6, solidity: 0.3, fgcolor: texture, bgcolor: fill, fillmode: "overlay" } } : {};
}
/** A hatched band from a to b: nobody looked. Drawn from the interval, never guessed from a missing value. */
export function gapBand(a, b, low, high) {
  const { ui } = mode();
  return area([a, b, b, a, a], [low, low, high, high, low], ui.surface, { fillpattern: { shape: "/", size: 6, solidity: 0.2, fgcolor: ui.gap, bgcolor: ui.surface, fillmode: "overlay" } });
}
/** A limit: dashed ink on a halo of the surface. `axis` is the one whose value is fixed. */
export function limit(axis, at, ends = {}) {
  const { ui } = mode(), other = axis === "y" ? "x" : "y", place = { type: "line", layer: "above", [axis + "0"]: at, [axis + "1"]: at, [other + "ref"]: "paper", [other + "0"]: 0, [other + "1"]: 1, ...ends };
  return [{ ...place, line: { color: ui.surface, width: 5 } }, { ...place, line: { color: ui.ink, width: 1.75, dash: "6px,4px" } }];
}
