import { el } from "./dom.js";

/** A dialog with a title and a way out; it is gone from the page when closed. */
export function modal(title, ...content) {
  const node = el("dialog", { "aria-label": title }, el("header", null, el("h2", null, title), el("button", { type: "button", onclick: () => node.close() }, "Close")), content);
  node.addEventListener("close", () => node.remove());
  document.body.append(node);
  node.showModal();
  return node;
}
