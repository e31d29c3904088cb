import { theme } from "./theme.js";

// Elements from data. Text is always set as text, so nothing from a log can become markup.
const SVG = "http://www.w3.org/2000/svg";

/** Attributes: null leaves out, `on…` listens, `vars` sets custom properties (a policy without inline style allows that). */
function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "vars") for (const [key, one] of Object.entries(value)) node.style.setProperty("--" + key, one);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(9).filter(child => child !== null && child !== undefined && child !== false && child !== ""));
  return node;
}
export const el = (tag, attributes, ...children) => filled(document.createElement(tag), attributes, children);
export const svg = (tag, attributes, ...children) => filled(document.createElementNS(SVG, tag), attributes, children);

/** The icons of the levels are the theme's; the rest belong to the page. */
const ICONS = {
  ...theme.icons,
  sun: ["M8 5a3 3 0 1 0 0 6a3 3 0 0 0 0-6Z", "M8 1v1.6M8 13.4V15M1 8h1.6M13.4 8H15M3 3l1.2 1.2M11.8 11.8L13 13M3 13l1.2-1.2M11.8 4.2L13 3"],
  moon: ["M13.5 9.8A6 6 0 1 1 6.2 2.5a4.8 4.8 0 0 0 7.3 7.3Z"],
  pause: ["M5.5 3.5v9M10.5 3.5v9"],
  play: ["M4.5 2.8v10.4L13 8Z"],
  copy: ["M5.5 5.5h8v8h-8Z", "M10.5 5.5v-3h-8v8h3"],
};
export const icon = name => svg("svg", { viewBox: "0 0 16 16", width: 16, height: 16, class: "icon", "aria-hidden": "true" },
  ICONS[name].map(d => svg("path", { d, fill: "none", stroke: "currentColor", "stroke-width": 1.5, "stroke-linecap": "round", "stroke-linejoin": "round" })));
export const levelIcon = level => icon(theme.severity[level].icon);
export const swatch = paint => el("span", { class: `swatch p-${paint}`, "aria-hidden": "true" });

/** Words for the screen reader, without moving its focus. */
export const say = text => { document.getElementById("say").textContent = text; };
/** A block's anchor: evidence links to it. */
export const anchor = id => "b-" + id;
