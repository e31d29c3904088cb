import { el, say } from "./dom.js";
import { duration, number, visible } from "./format.js";
import { frame, placeTip, sentence } from "./frame.js";
import { draws } from "./plot.js";
import { theme } from "./theme.js";
import { interval, timeTicks } from "./zone.js";

// What each GPU was doing: hosts × time, a lane a GPU, grouped by model. On canvas, because a state needs a texture, not only a colour.
const HOST_GAP = 3, NAME_STEP = 12, ALL_NAMED = 120, ABSENT = " ", WHOLE = 255, FADED = 41, TILE = 24, PADDING = 30;
const KEY = Object.fromEntries(Object.entries(theme.states).map(([key, state]) => [state.code, key]));
const laneHeight = count => count <= 32 ? 6 : count <= 100 ? 4 : count <= 200 ? 3 : 2;
const isInked = (rule, x, y) => Object.keys(rule).length > 0 && Object.entries(rule).every(([key, [every, on]]) => ({ x, y, sum: x + y })[key] % every < on);

const many = label => { const word = label.replace(/^[A-Z](?=[a-z])/, letter => letter.toLowerCase()); return word + (/s$/.test(word) ? "es" : "s"); };

/** The pixels of a state, `width` wide, a line for each row of its texture; as a canvas holds them, `alpha` above blue, green and red. */
function lines(key, width, scale, alpha) {
  const rule = theme.textures[theme.states[key].texture], style = getComputedStyle(document.documentElement);
  const [ground, ink] = ["", "-texture"].map(part => style.getPropertyValue(`--state-${key.replaceAll("_", "-")}${part}`).match(/[0-9a-f]{2}/gi).reduceRight((above, two) => above * 256 + parseInt(two, 16), alpha));
  return Array.from({ length: TILE }, (_, y) => {
    const tile = Array.from({ length: TILE }, (_, x) => isInked(rule, x, y) ? ink : ground), line = new Uint32Array(width);
    for (let x = 0; x < width; x++) line[x] = tile[Math.floor(x / scale) % TILE];
    return line;
  });
}
/** Puts the pixels of a state's lines into [from, to) of the rows [top, bottom). */
function fill(pixels, width, lines, from, to, top, bottom, scale) {
  for (let row = top; row < bottom; row++) {
    const line = lines[Math.floor(row / scale) % TILE], start = row * width;
    for (let at = from; at < to; at++) pixels[start + at] = line[at];
  }
}
/** "PPPI" as [[code, start, end], …]. */
function runsOf(codes) {
  const out = [];
  for (let start = 0, i = 1; i <= codes.length; i++) if (codes[i] !== codes[start]) { out.push([codes[start], start, i]); start = i; }
  return out;
}
/** Rows gathered by group and host: "gpu2001 / GPU 3" is a lane of gpu2001. */
function hostsOf(rows) {
  const hosts = new Map();
  for (const row of rows) {
    const [host, gpu = ""] = row.label.split(" / "), id = `${row.group}\n${host}`;
    if (!hosts.has(id)) hosts.set(id, { name: host, group: row.group, lanes: [], shares: {}, columns: 0 });
    const found = hosts.get(id), runs = runsOf(row.codes);
    found.lanes.push({ gpu, runs, category: row.category });
    for (const [code, from, to] of runs) if (code !== ABSENT) { found.shares[KEY[code]] = (found.shares[KEY[code]] ?? 0) + to - from; found.columns += to - from; }
  }
  return [...hosts.values()];
}

/** The domain that all names share (".pool.example.edu"): said once, not in each of them. */
function domainOf(names) {
  const at = names[0]?.indexOf(".") ?? -1, domain = at > 0 ? names[0].slice(at) : "";
  return names.length > 1 && domain && names.every(name => name.length > domain.length && name.endsWith(domain)) ? domain : "";
}

class Lanes {
  constructor(chart, view, kept) {
    const { shape } = chart, left = chart.x.values.map(Date.parse);
    Object.assign(this, { chart, view, hosts: hostsOf(shape.rows), groups: new Map(shape.groups.map(group => [group.label, group])), lane: laneHeight(shape.rows.length), columns: left.length });
    this.states = theme.state_order.filter(key => shape.states.includes(key));
    this.edges = [...left, left.at(-1) + (left.length > 1 ? left[1] - left[0] : 3600e3)];
    this.kept = kept[chart.id] ??= { query: "", only: null, order: "name", group: "", category: "" };
    this.names = [...new Set(this.hosts.map(host => host.group))];
    this.sizes = new Map(this.names.map(name => [name, this.hosts.filter(host => host.group === name).reduce((sum, host) => sum + host.lanes.length, 0)]));
    this.categories = [...new Set(shape.rows.map(row => row.category))].filter(Boolean).sort();
    this.domain = domainOf(this.hosts.map(host => host.name));
    this.isOwn = true; // its height is known once it is drawn
    this.build();
  }
  build() {
    const { chart, kept } = this, id = chart.id;
    const find = el("input", { type: "search", placeholder: "Find a host", "aria-label": "Find a host", "data-keep": `find-${id}`, oninput: event => this.choose({ query: event.target.value }) });
    find.value = kept.query;
    const select = (label, key, choices) => { const node = el("select", { "aria-label": label, "data-keep": `${key}-${id}`, onchange: event => this.choose({ [key]: event.target.value }) }, choices.map(([value, words]) => el("option", { value }, visible(words)))); node.value = kept[key]; return node; };
    const order = select("Order of hosts", "order", [["name", "by name"], ...["idle", "drained", "prevented"].filter(key => this.states.includes(key)).map(key => [key, `most ${key} first`])]);
    const choice = (label, key, names) => names.length > 1 && select(label, key, [["", `all ${many(label)}`], ...names.map(name => [name, name])]);
    const group = choice(chart.shape.group_label || "Group", "group", this.names), category = choice(chart.shape.category_label || "Kind", "category", this.categories);
    this.count = el("span", { class: "count" });
    this.keys = this.states.map(key => el("button", { type: "button", class: "key", "aria-pressed": "false", "data-keep": `state-${key}-${id}`, onclick: () => this.choose({ only: kept.only === key ? null : key }) }, el("span", { class: `state-key p-state-${key.replaceAll("_", "-")}`, "aria-hidden": "true" }), theme.states[key].label));
    const tools = [el("div", { class: "tools lane-tools" }, this.count, find, category, group, order), el("div", { class: "legend", role: "group", "aria-label": "States: a click keeps the hosts that had it" }, this.keys)];
    Object.assign(this, frame(chart, { tools, notes: [this.domain && `Hosts of *${visible(this.domain)}.`, "No lane: the GPU was not there."] }));
    this.axis = el("div", { class: "state-axis", "aria-hidden": "true" });
    this.list = el("div", { class: "state-list" });
    this.box.classList.add("states");
    this.box.setAttribute("aria-label", `${visible(chart.title)}. Arrow keys move by column and GPU.`);
    this.box.replaceChildren(this.axis, this.list, this.tip);
    for (const kind of ["pointerdown", "pointermove"]) this.box.addEventListener(kind, event => this.point(event));
    this.box.addEventListener("pointerleave", event => { this.tip.hidden ||= event.pointerType !== "touch"; }); // a finger that was lifted has left
    this.box.addEventListener("blur", () => { this.tip.hidden = true; });
    this.box.addEventListener("keydown", event => this.key(event));
  }
  choose(changes) {
    Object.assign(this.kept, changes);
    this.draw();
    if ("only" in changes) say(changes.only ? `Hosts that were ${theme.states[changes.only].label.toLowerCase()}` : "All hosts");
  }
  short({ name }) { return this.domain ? name.slice(0, -this.domain.length) : name; }
  chosen() {
    const { query, only, order, group, category } = this.kept, wanted = query.toLowerCase(), share = host => (host.shares[order] ?? 0) / (host.columns || 1);
    const found = this.hosts.filter(host => host.name.toLowerCase().includes(wanted) && (!group || host.group === group) && (!only || host.shares[only])).map(host => category ? { ...host, lanes: host.lanes.filter(lane => lane.category === category) } : host).filter(host => host.lanes.length);
    return order === "name" ? found : found.sort((a, b) => share(b) - share(a));
  }
  /** Columns in sight when a part of the time is shown: [from, to). */
  inSight() {
    const [a, b] = this.view.range, from = Math.max(0, this.edges.findLastIndex(edge => edge <= a)), to = this.edges.findIndex(edge => edge >= b);
    return [from, to < 1 ? this.columns : Math.max(from + 1, to)];
  }
  draw() {
    const start = performance.now(), scale = Math.max(1, Math.round(devicePixelRatio)), isPhone = innerWidth <= theme.breakpoints.phone, room = this.box.clientWidth - PADDING, hosts = this.chosen();
    this.label = isPhone ? 84 : Math.min(160, Math.max(60, Math.max(...this.hosts.map(host => this.short(host).length)) * 7 + 12));
    this.width = Math.max(120, room - this.label);
    [this.from, this.to] = this.inSight();
    this.lines = Object.fromEntries(this.states.map(key => [theme.states[key].code, lines(key, this.width * scale, scale, this.kept.only && this.kept.only !== key ? FADED : WHOLE)]));
    this.keys.forEach((key, i) => key.setAttribute("aria-pressed", String(this.kept.only === this.states[i])));
    this.placed = [];
    this.list.replaceChildren(...this.names.map(name => [name, hosts.filter(host => host.group === name)]).filter(([, own]) => own.length).map(([name, own]) => this.group(name, own, scale)));
    if (!hosts.length) this.list.append(el("p", { class: "empty" }, "No host matches."));
    this.count.textContent = hosts.length === this.hosts.length ? `${hosts.length} hosts` : `${hosts.length} of ${this.hosts.length} hosts`;
    const [a, b] = [this.edges[this.from], this.edges[this.to]];
    this.axis.replaceChildren(...timeTicks(a, b, this.width, this.view.zone, 84).map(({ at, text }) => el("span", { vars: { x: this.label + (at - a) / (b - a) * this.width + "px" } }, text)));
    draws.push({ chart: this.chart.id, milliseconds: performance.now() - start });
  }
  group(name, hosts, scale) {
    const least = this.hosts.length <= ALL_NAMED ? NAME_STEP : 0, heights = hosts.map(host => Math.max(host.lanes.length * this.lane, least) + HOST_GAP), height = heights.reduce((sum, one) => sum + one, 0), canvas = el("canvas", { width: this.width * scale, height: height * scale, "aria-hidden": "true", vars: { w: this.width + "px", h: height + "px" } });
    const names = el("div", { class: "state-names", "aria-hidden": "true", vars: { w: this.label + "px" } }), own = [];
    let y = 0, free = 0;
    hosts.forEach((host, i) => {
      if (y >= free) { names.append(el("span", { title: visible(host.name), vars: { y: y + "px", h: Math.max(heights[i], NAME_STEP) + "px" } }, visible(this.short(host)))); free = y + NAME_STEP; }
      host.lanes.forEach((lane, k) => own.push({ host, lane, canvas, y: y + k * this.lane }));
      y += heights[i];
    });
    this.placed.push(...own);
    this.paint(canvas, own, scale);
    return el("section", { class: "state-group" }, name && this.head(name, hosts), el("div", { class: "state-body" }, names, canvas));
  }
  /** Pixel by pixel, from the lines of each state: a pool has tens of thousands of runs, and to fill each with a pattern takes five times as long. */
  paint(canvas, placed, scale) {
    const { width } = canvas, pen = canvas.getContext("2d"), picture = pen.createImageData(width, canvas.height), pixels = new Uint32Array(picture.data.buffer);
    const columns = this.to - this.from, left = Array.from({ length: columns + 1 }, (_, column) => Math.round(column / columns * width)), x = at => left[Math.min(Math.max(at - this.from, 0), columns)];
    const high = (this.lane - (this.lane > 3 ? 1 : 0)) * scale;
    for (const { lane, y } of placed) for (const [code, from, to] of lane.runs) if (this.lines[code]) fill(pixels, width, this.lines[code], x(from), x(to), y * scale, y * scale + high, scale);
    pen.putImageData(picture, 0, 0);
  }
  head(name, hosts) {
    const group = this.groups.get(name), gpus = hosts.reduce((sum, host) => sum + host.lanes.length, 0), here = `${gpus} GPUs on ${hosts.length} hosts`, isPart = gpus < this.sizes.get(name), words = isPart && group?.words ? `${here} shown; of all: ${group.words}` : group?.words || here, shares = (group?.shares ?? []).filter(([, ratio]) => ratio > 0);
    return el("div", { class: "state-head" }, el("b", null, visible(name)), el("span", null, visible(words)),
      shares.length > 0 && el("span", { class: "share", "aria-hidden": "true" }, shares.map(([key, ratio]) => el("span", { class: `p-state-${key.replaceAll("_", "-")}`, vars: { w: ratio * 100 + "%" } }))),
      el("span", { class: "nums" }, shares.map(([key, ratio]) => `${key.replaceAll("_", " ")} ${number(ratio, "ratio")}`).join(" · ")));
  }
  showAt(place, column) {
    const run = place.lane.runs.find(([, from, to]) => column >= from && column < to);
    if (!run) return;
    const [code, from, to] = run, words = code === ABSENT ? "Not there" : theme.states[KEY[code]].label, when = interval(this.edges[from], this.edges[to], this.view.zone), name = visible([place.host.name, place.lane.gpu].filter(Boolean).join(" / "));
    const body = place.canvas.getBoundingClientRect(), own = this.box.getBoundingClientRect(), x = body.left - own.left + this.box.scrollLeft + (column - this.from + 0.5) / (this.to - this.from) * this.width, y = body.top - own.top + this.box.scrollTop + place.y;
    this.tip.replaceChildren(el("b", null, name), el("div", null, words), el("div", null, when), el("div", { class: "zero" }, [duration((this.edges[to] - this.edges[from]) / 1000), visible(place.host.group), place.lane.category && visible(place.lane.category)].filter(Boolean).join(" · ")));
    placeTip(this.tip, x, x, y + 12, this.box.clientWidth);
    return `${name}, ${words}, ${when}`;
  }
  point(event) {
    const canvas = event.target.closest(".state-body canvas");
    if (!canvas) { this.tip.hidden = true; return; }
    const { left, top, width } = canvas.getBoundingClientRect(), y = event.clientY - top, place = this.placed.findLast(one => one.canvas === canvas && one.y <= y);
    if (place) this.showAt(place, Math.min(this.to - 1, this.from + Math.floor((event.clientX - left) / width * (this.to - this.from))));
  }
  key(event) {
    if (event.key === "Escape") this.tip.hidden = true;
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0], PageUp: [-8, 0], PageDown: [8, 0], Home: [0, -this.columns], End: [0, this.columns] }[event.key];
    if (!step || !this.placed.length || event.target !== this.box) return;
    event.preventDefault();
    const [row, column] = this.at ?? [step[0] ? -step[0] : 0, this.to - (step[1] < 0 ? 0 : 1)];
    this.at = [Math.min(Math.max(row + step[0], 0), this.placed.length - 1), Math.min(Math.max(column + step[1], this.from), this.to - 1)];
    const place = this.placed[this.at[0]], inside = place.canvas.getBoundingClientRect().top - this.box.getBoundingClientRect().top + place.y;
    if (inside < 60 || inside > this.box.clientHeight - 40) this.box.scrollTop += inside - this.box.clientHeight / 2;
    const said = this.showAt(place, this.at[1]);
    if (said) say(said);
  }
}
export function lanes(chart, view, { kept }) {
  if (!chart.shape.rows.length || !chart.x.values.length) return { node: sentence(chart, chart.empty || "No GPU was seen."), draw() {} };
  return view.add(new Lanes(chart, view, kept));
}
