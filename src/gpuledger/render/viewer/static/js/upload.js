import { el, say } from "./dom.js";
import { number, visible } from "./format.js";
import { modal } from "./modal.js";
import { sources, upload } from "./source.js";

// A file into the ledger: source, file, progress, and what became of its rows, the refused ones with their lines.
export async function uploadForm(who, changed) {
  const source = el("select", { name: "source", required: true }), file = el("input", { type: "file", name: "file", required: true }), wrong = el("p", { class: "wrong", role: "alert" }), result = el("div", { role: "status" });
  const bar = el("progress", { max: 1, value: 0, hidden: true, "aria-label": "Sent" }), send = el("button", { type: "submit", class: "chief" }, "Upload");
  const form = el("form", null, el("label", null, el("span", null, "Source"), source), el("label", null, el("span", null, "File"), file), wrong, bar, el("div", { class: "ends" }, send));
  modal("Upload a file", form, result);
  try { const known = (await sources()).sources; source.append(...known.map(({ name, title }) => el("option", { value: name }, visible(title && title !== name ? `${title} (${name})` : name)))); } catch (error) { wrong.textContent = error.message; }
  form.addEventListener("submit", async event => {
    event.preventDefault();
    wrong.textContent = "";
    result.replaceChildren();
    send.disabled = true;
    bar.hidden = false;
    bar.value = 0;
    try {
      const told = await upload(source.value, file.files[0], who.csrf, part => { bar.value = part; if (part === 1) say("Sent; the server reads it"); });
      result.replaceChildren(...outcome(told));
      changed();
    } catch (error) { wrong.textContent = error.field ? `${error.message} (${error.field})` : error.message; }
    bar.hidden = true;
    send.disabled = false;
  });
}
const count = value => number(value, "count");

function outcome(told) {
  const rows = [["Read", told.rows_read], ["Accepted", told.accepted], ["Unchanged (known already)", told.unchanged], ["Refused", told.problems]];
  const counts = el("table", { class: "data counts" }, el("caption", null, "What became of the rows"), el("tbody", null, rows.map(([name, value]) => el("tr", null, el("th", { scope: "row" }, name), el("td", { class: "num" }, count(value))))));
  const shown = told.first_problems ?? [], heads = ["Line", "Why", "Row"].map((name, i) => el("th", { scope: "col", class: i ? null : "num" }, name));
  const problems = shown.length > 0 && el("div", { class: "scroll tall", tabindex: 0, role: "region", "aria-label": "Refused rows" }, el("table", { class: "data problems" }, el("caption", null, shown.length < told.problems ? `The first ${shown.length} of ${count(told.problems)} refused rows` : "Refused rows"),
    el("thead", null, el("tr", null, heads)), el("tbody", null, shown.map(one => el("tr", null, el("td", { class: "num" }, count(one.line)), el("td", null, visible(one.reason)), el("td", null, el("code", null, visible(one.row ?? ""))))))));
  return [told.error && el("p", { class: "wrong", role: "alert" }, visible(told.error)), counts, (told.remarks ?? []).map(remark => el("p", null, visible(remark))), problems].flat().filter(Boolean);
}
