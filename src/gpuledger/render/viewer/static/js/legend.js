import { el, swatch } from "./dom.js";
import { visible } from "./format.js";

const named = label => el("span", { class: "named", title: label }, label);
/** One legend for a group of charts: a click hides or shows a name in every chart, a double-click or Shift leaves it alone. */
export function legend(charts, view) {
  const [first] = charts, { names } = first, full = name => first.full(name);
  let wasAlone = false; // before the first click of a double one
  const clicked = (one, event) => {
    const name = full(one.key);
    if (event.detail <= 1) wasAlone = view.isAlone(name, names);
    if (event.detail > 1 || event.shiftKey) view.showAlone(name, names, !wasAlone);
    else view.toggle(name);
  };
  const key = one => el("button", { type: "button", class: "key", "aria-pressed": "true", "data-keep": `key-${full(one.key)}`, onclick: event => clicked(one, event) }, swatch(one.paint), named(visible(one.key === "others" && charts.length > 1 ? "others" : one.label)));
  const keys = first.series.map(key), update = () => first.series.forEach((one, i) => keys[i].setAttribute("aria-pressed", String(!view.hidden.has(full(one.key)))));
  view.legends.push(update);
  update();
  return el("div", { class: "legend", role: "group", "aria-label": "Names: click hides or shows one, double-click or Shift and click shows it alone" }, keys);
}
