"use strict";
(() => {
  const el = (tag, props, ...children) => { const node = Object.assign(document.createElement(tag), props); node.append(...children); return node; };
  const say = text => { document.getElementById("say").textContent = text; };

  // Light or dark: the reader's choice, else the system's.
  const root = document.documentElement, button = document.getElementById("mode"), system = matchMedia("(prefers-color-scheme: dark)");
  const mode = () => root.dataset.mode || (system.matches ? "dark" : "light");
  const name = () => { button.textContent = mode() === "dark" ? "Light mode" : "Dark mode"; };
  button.hidden = false;
  name();
  system.addEventListener("change", name);
  button.addEventListener("click", () => {
    root.dataset.mode = mode() === "dark" ? "light" : "dark";
    try { localStorage.setItem("gpuledger-mode", root.dataset.mode); } catch (_) { /* private window: forget it */ }
    name();
  });

  // Tables: sort by any column (largest first, nulls last, others always last), search, copy as CSV.
  const value = cell => cell.dataset.v === "" ? null : cell.classList.contains("num") ? Number(cell.dataset.v) : cell.dataset.v;
  const safe = text => { const s = /^[=+\-@\t\r]/.test(text) && !/^-?[\d.]+(e[+-]?\d+)?$/i.test(text) ? "'" + text : text; return /[",\r\n]/.test(s) ? '"' + s.replaceAll('"', '""') + '"' : s; };
  function sortable(table) {
    const body = table.tBodies[0], heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const mark = el("span", { className: "sort", ariaHidden: "true" }), sort = el("button", { type: "button" });
      const isNumber = head.classList.contains("num");
      sort.append(...(isNumber ? [mark, ...head.childNodes] : [...head.childNodes, mark]));
      head.replaceChildren(sort);
      head.setAttribute("aria-sort", "none");
      sort.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "none" ? isNumber : head.getAttribute("aria-sort") === "ascending";
        heads.forEach(other => { other.setAttribute("aria-sort", "none"); other.querySelector(".sort").textContent = ""; });
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        mark.textContent = down ? "▾" : "▴";
        const rows = [...body.querySelectorAll("tr.row")].map(row => [value(row.cells[column]), row]);
        rows.sort(([a], [b]) => a === null ? (b === null ? 0 : 1) : b === null ? -1 : (a < b ? -1 : a > b ? 1 : 0) * (down ? -1 : 1));
        const last = body.querySelector("tr.others");
        rows.forEach(([, row]) => body.insertBefore(row, last));
        say(`Sorted by ${sort.textContent.replace(/[▾▴]/g, "").trim()}, ${down ? "largest" : "smallest"} first`);
      });
    });
  }
  function tools(panel, table) {
    const bar = panel.querySelector(".tools"), title = panel.querySelector("h2").textContent, rows = [...table.querySelectorAll("tr.row")];
    if ("search" in bar.dataset) {
      const count = el("span", { className: "count" }), find = el("input", { type: "search", placeholder: "Find", ariaLabel: "Find in " + title });
      find.addEventListener("input", () => {
        const wanted = find.value.toLowerCase(), keep = rows.filter(row => row.cells[0].textContent.toLowerCase().includes(wanted));
        rows.forEach(row => { row.hidden = !keep.includes(row); });
        table.querySelectorAll("tr.total, tr.others").forEach(row => { row.hidden = wanted !== ""; });
        count.textContent = wanted ? `${keep.length} of ${rows.length} rows` : "";
      });
      bar.append(count, find);
    }
    const copy = el("button", { type: "button" }, "Copy CSV");
    copy.addEventListener("click", () => {
      const lines = [[...table.tHead.rows[0].cells].map(head => head.dataset.key)];
      lines.push(...[...table.querySelectorAll("tr.row")].filter(row => !row.hidden).map(row => [...row.cells].map(cell => cell.dataset.v)));
      const text = lines.map(line => line.map(safe).join(",")).join("\r\n");
      (navigator.clipboard ? navigator.clipboard.writeText(text) : Promise.reject()).then(() => say("Copied as CSV"), () => say("The browser does not allow copying here"));
    });
    bar.append(copy);
  }
  document.querySelectorAll(".panel.table").forEach(panel => { const table = panel.querySelector("table"); if (table) { sortable(table); tools(panel, table); } });

  // Charts: read values with the cursor or the keys.
  const NS = "http://www.w3.org/2000/svg";
  function swatch(paint) {
    const box = document.createElementNS(NS, "svg"), rect = document.createElementNS(NS, "rect");
    box.setAttribute("width", 10); box.setAttribute("height", 10);
    rect.setAttribute("width", 10); rect.setAttribute("height", 10); rect.setAttribute("fill", paint === "others" ? "url(#t-others)" : `var(--${paint})`);
    box.append(rect);
    return box;
  }
  function readable(chart) {
    const data = JSON.parse(chart.querySelector("script").textContent), plot = chart.querySelector(".plot"), panel = chart.closest(".panel");
    const read = panel.querySelector(".read"), quiet = read.textContent, hair = el("div", { className: "hair", hidden: true }), tip = el("div", { className: "tip", hidden: true });
    const show = v => v.toLocaleString("en-US", { minimumFractionDigits: data.digits, maximumFractionDigits: data.digits }) + data.suffix;
    let at = null;
    chart.append(hair, tip);
    chart.tabIndex = 0;
    chart.setAttribute("role", "group");
    chart.setAttribute("aria-roledescription", "chart");
    chart.setAttribute("aria-label", chart.getAttribute("aria-label") + ". Arrow keys read values.");
    function point(bin) {
      at = bin;
      hair.hidden = tip.hidden = bin === null;
      read.classList.toggle("live", bin !== null);
      if (bin === null) { read.textContent = quiet; return; }
      const known = data.series.map(s => [s, s.values[bin]]).filter(([, v]) => v !== null), rows = known.filter(([, v]) => v !== 0).sort((a, b) => b[1] - a[1]);
      const total = known.length ? (data.sum ? show(known.reduce((sum, [, v]) => sum + v, 0)) : known.length === 1 ? show(known[0][1]) : "") : "no data";
      read.textContent = data.bins[bin] + (total ? ": " + total : "");
      const frame = plot.getBoundingClientRect(), base = chart.getBoundingClientRect(), x0 = frame.left - base.left + data.edges[bin] * frame.width, x1 = frame.left - base.left + data.edges[bin + 1] * frame.width;
      Object.assign(hair.style, { left: x0 + "px", width: Math.max(1, x1 - x0) + "px", top: frame.top - base.top + 24 + "px", height: frame.height - 48 + "px" });
      const body = rows.slice(0, 13).map(([s, v]) => el("tr", {}, el("td", {}, swatch(s.paint)), el("th", { scope: "row" }, s.label), el("td", {}, show(v))));
      tip.replaceChildren(el("b", {}, read.textContent), el("table", {}, ...body));
      tip.style.top = frame.top - base.top + 8 + "px";
      tip.style.left = (x1 + 12 + tip.offsetWidth < base.width ? x1 + 12 : Math.max(0, x0 - 12 - tip.offsetWidth)) + "px";
      return rows;
    }
    chart.addEventListener("pointermove", event => {
      const frame = plot.getBoundingClientRect(), x = (event.clientX - frame.left) / frame.width, bin = data.edges.findLastIndex(edge => edge <= x);
      point(x < 0 || x >= 1 || bin < 0 ? null : Math.min(bin, data.bins.length - 1));
    });
    chart.addEventListener("pointerleave", () => point(null));
    chart.addEventListener("blur", () => point(null));
    chart.addEventListener("keydown", event => {
      const last = data.bins.length - 1, here = at ?? last + (event.key === "ArrowLeft" ? 1 : 0);
      const to = { ArrowLeft: here - 1, ArrowRight: here + 1, PageUp: here - 24, PageDown: here + 24, Home: 0, End: last }[event.key];
      if (event.key === "Escape") { point(null); return; }
      if (to === undefined) return;
      event.preventDefault();
      const rows = point(Math.max(0, Math.min(last, to)));
      say(read.textContent + "; " + rows.slice(0, 3).map(([s, v]) => `${s.label} ${show(v)}`).join(", "));
    });
  }
  document.querySelectorAll(".chart").forEach(chart => { if (chart.querySelector("script")) readable(chart); });
})();
