import { el, say, svg, swatch } from "./dom.js";
import { columnDigits, duration, number, unitBeside, unitWord, visible, isNumber } from "./format.js";
import { frame, placeTip, sentence, word } from "./frame.js";
import { spread, rangeTicks, tickTexts, valueTicks } from "./place.js";
import { MARGIN, area, dots, gapBand, limit, line, paint, placer } from "./plot.js";
import { seriesPaint, theme } from "./theme.js";
import { interval, timeTicks } from "./zone.js";

// Series over time or a number: stacked steps, lines with a band, points. One closed outline per name, so gaps stay gaps.
const PARTIAL = "The last bin is not over yet and is drawn at half strength.", SIDE = 150, NAMED = 194, ENDS = 74, LIMIT_SHOWN = 0.35, TIP_ROWS = 40, AIR = 16, MOST_LABELLED = 5, DOT_ROOM = 12, FEW = 0.02, LEAST_TICKS = 3;
const text = (value, unit, digits) => number(value, unit || "gpu", digits, unit === "ratio" || unit === "second");

/** Runs of bins that hold a value: [from, to). */
function* runs(values, from, to) {
  for (let i = from; i < to; i++) {
    if (values[i] === null) continue;
    const start = i;
    while (i < to && values[i] !== null) i++;
    yield [start, i];
  }
}
/** The outline of steps between `low` and `high`, one closed piece per run. */
function outline(edges, low, high, from, to) {
  const x = [], y = [];
  for (const [a, b] of runs(high, from, to)) {
    if (x.length) { x.push(null); y.push(null); }
    for (let k = a; k < b; k++) { x.push(edges[k], edges[k + 1]); y.push(high[k], high[k]); }
    for (let k = b - 1; k >= a; k--) { x.push(edges[k + 1], edges[k]); y.push(low[k], low[k]); }
  }
  return { x, y };
}
/** The decade that a log axis begins with: a bin that was hardly filled takes no room from all the others. */
function decadeOfMost(values, highest) {
  const known = values.filter(value => value > 0).sort((a, b) => a - b);
  return 10 ** Math.floor(Math.log10(known[Math.floor(known.length * FEW)] ?? highest));
}
const isDecades = ticks => ticks.slice(1).every((tick, i) => tick / ticks[i] > 1.9);
/** 1, 2, 5 of each decade; equal steps where fewer than three of those lie on the axis. */
function logTicks(low, high, unit) {
  const ticks = rangeTicks(low, high, unit, true);
  return ticks.length < LEAST_TICKS ? rangeTicks(low, high, unit, false, 4) : ticks;
}
function edgesOf(chart) {
  const isTime = chart.x.kind === "time", left = chart.x.values.map(value => isTime ? Date.parse(value) : value);
  const width = chart.shape.bin_seconds ? chart.shape.bin_seconds * 1000 : left.length > 1 ? left.at(-1) - left.at(-2) : isTime ? 86400e3 : 1;
  return [...left, left.at(-1) + width];
}

export class LinesChart {
  constructor(chart, view, { isSmall }) {
    Object.assign(this, { chart, view, isTime: chart.x.kind === "time", isSteps: chart.shape.style === "area" || chart.shape.style === "bar" });
    this.isStacked = chart.shape.is_stacked;
    this.unit = chart.y.unit;
    this.series = chart.shape.series.map((one, i) => ({ ...one, name: one.key, paint: seriesPaint(chart, one, i, view.colours) }));
    this.edges = edgesOf(chart);
    this.count = chart.x.values.length;
    this.isShared = this.isTime && !this.reachesBeyond(...view.period); // of the document's own period: zoomed and read with the others
    this.gaps = chart.gaps.map(gap => ({ from: Date.parse(gap.start), to: Date.parse(gap.end), label: gap.label }));
    this.hasEnds = chart.shape.style === "line" && this.series.length <= MOST_LABELLED;
    this.hasSide = !isSmall && this.series.length > 1 && (this.isStacked || this.hasEnds);
    this.digits = Math.max(this.unit === "count" ? 0 : 1, columnDigits(this.series.flatMap(one => one.values), this.unit || "gpu") ?? 0);
    const unit = unitBeside(chart.title, unitWord(this.unit));
    Object.assign(this, frame(chart, { before: view.before.get(chart.id), height: theme.chart.height[isSmall ? "small" : "normal"], unit, notes: [chart.shape.partial_from !== null && PARTIAL] }));
    this.plan();
    this.read.textContent = this.quiet;
    this.listen();
  }
  get names() { return this.series.map(one => this.full(one.key)); }
  /** A name under its dimension: hidden in one chart, hidden in all of them. */
  full(name) { return `${this.chart.dimension ?? this.chart.id}:${name}`; }
  get visible() { return this.series.filter(one => !this.view.hidden.has(this.full(one.key))); }
  /** Whole bins before or after the document's period: a trend over earlier ones. */
  reachesBeyond(from, to) { return this.count > 0 && (this.edges[1] <= from || this.edges[this.count - 1] >= to); }
  get range() { return this.isShared ? this.view.range : [this.edges[0], this.edges.at(-1)]; }
  get margin() { return { ...MARGIN, l: this.left ?? MARGIN.l, r: this.isSideShown ? (this.hasEnds ? NAMED : SIDE) : this.hasEnds ? ENDS : MARGIN.r, t: this.gaps.length ? AIR : MARGIN.t }; }
  get isSideShown() { return this.hasSide && this.plot.clientWidth > theme.breakpoints.tablet; }
  get rect() { const m = this.margin; return { x: m.l, y: m.t, w: this.plot.clientWidth - m.l - m.r, h: this.plot.clientHeight - m.t - m.b }; }
  x(at) { const { x, w } = this.rect; return placer({ range: this.range }, x, x + w)(at); }
  y(value) { const { y, h } = this.rect; return placer(this.height, y + h, y)(value); }
  get height() { return { range: [this.low, this.top], isLog: this.view.isLog }; }

  /** Bins in sight: [from, to). */
  inSight() {
    const [a, b] = this.range;
    let from = 0, to = this.count;
    while (from < to - 1 && this.edges[from + 1] <= a) from++;
    while (to > from + 1 && this.edges[to - 1] >= b) to--;
    return [from, to];
  }
  /** What is drawn up to which value, and the words beside the title: known before there is a picture. On a log scale nothing is stacked: the height of a band would say nothing. */
  plan() {
    const [from, to] = this.inSight(), shown = this.visible, isPiled = this.isPiled = this.isStacked && !this.view.isLog;
    this.bands = isPiled ? this.piled(shown) : shown.map(one => ({ one, low: null, high: one.values }));
    const tops = this.bands.flatMap(({ one, high }) => [...high.slice(from, to), ...(one.high ?? []).slice(from, to)]).filter(isNumber);
    const marks = this.chart.marks.filter(mark => mark.axis === "y" && isNumber(mark.at)), peak = Math.max(0, ...tops);
    const limits = this.limits = marks.filter(mark => peak > mark.at * LIMIT_SHOWN || peak === 0);
    this.far = marks.filter(mark => !limits.includes(mark));
    const highest = Math.max(peak, ...limits.map(mark => mark.at), 1e-12);
    this.least = this.view.isLog ? Math.min(...tops.filter(value => value > 0), highest) : 0;
    this.low = this.view.isLog ? Math.max(decadeOfMost(tops, highest), this.least * 0.9) : 0;
    this.top = this.view.isLog ? highest * 1.3 : highest * (limits.length ? 1.1 : 1.06);
    this.ticks = this.view.isLog ? logTicks(this.low, this.top, this.unit) : peak <= 0 && !limits.length ? [0] : valueTicks(this.top / 1.03, this.unit);
    this.quiet = this.readout();
  }
  draw() {
    this.plan();
    const [from, to] = this.inSight(), { isPiled, limits, ticks } = this, words = tickTexts(ticks, this.unit, this.view.isLog && this.unit !== "ratio" && isDecades(ticks));
    this.left = Math.max(36, Math.max(...words.map(one => one.length)) * 7 + 12);
    const { x: _, y: top, h } = this.rect, shapes = [...this.gapBands(), ...this.bands.flatMap(band => this.shapes(band, from, to, isPiled)), ...limits.flatMap(mark => limit(this.range, [mark.at, mark.at]))];
    const x = this.isTime ? timeTicks(...this.range, this.rect.w, this.view.zone) : rangeTicks(...this.range, this.chart.x.unit).map(at => ({ at }));
    const xTexts = this.isTime ? x.map(tick => tick.text) : tickTexts(x.map(tick => tick.at), this.chart.x.unit);
    paint(this.plot, { margin: this.margin, x: { range: this.range, ticks: x.map(tick => tick.at), texts: xTexts }, panels: [{ y: { ...this.height, ticks, texts: words }, top, bottom: top + h, shapes }] });
    this.wordsOver(limits, from, to);
    this.showCursor();
  }
  gapBands() { const [a, b] = this.range; return this.gaps.filter(gap => gap.to > a && gap.from < b).map(gap => gapBand(Math.max(gap.from, a), Math.min(gap.to, b), [this.low, this.top])); }
  /** Each name on top of the ones before it; a bin nobody knows of is nobody's. */
  piled(shown) {
    const sum = new Array(this.count).fill(0);
    return shown.map(one => {
      const low = [...sum], high = one.values.map((value, i) => value === null ? null : low[i] + value);
      high.forEach((value, i) => { if (value !== null) sum[i] = value; });
      return { one, low, high };
    });
  }
  shapes({ one, low, high }, from, to, isPiled) {
    const fill = one.paint, edge = `${fill}-line`, cut = Math.min(to, this.chart.shape.partial_from ?? to);
    const steps = (below, a, b, opacity) => { const { x, y } = outline(this.edges, below, high, a, b); return area(x, y, fill, { opacity, "shape-rendering": "crispEdges" }); };
    if (isPiled) return [[from, cut, 1], [cut, to, 0.5]].filter(([a, b]) => b > a).map(([a, b, opacity]) => steps(low, a, b, opacity));
    if (this.isSteps && this.series.length === 1 && !this.view.isLog) return [steps(high.map(() => 0), from, to, 1)];
    const [x, y] = this.isSteps ? this.steps(high, from, to) : this.middles(high, from, to), known = (one.low ?? []).length > 0;
    const band = known ? [this.uncertainty(one, from, to, fill)] : [];
    if (this.chart.shape.style === "points") return [...band, dots(x, y, fill, 6, { stroke: `var(--${edge})` })];
    const isDotted = this.rect.w / (to - from) >= DOT_ROOM, isLone = i => isNumber(y[i]) && !isNumber(y[i - 1]) && !isNumber(y[i + 1]);
    const dotted = this.isSteps ? [] : [dots(x, y.map((value, i) => isDotted || isLone(i) ? value : null), edge, 4)]; // close together they are a thick line; alone, all there is
    return [...band, line(x, y, edge, theme.chart.line_width), ...dotted];
  }
  steps(values, from, to) {
    const x = [], y = [];
    for (const [a, b] of runs(values, from, to)) { if (x.length) { x.push(null); y.push(null); } for (let k = a; k < b; k++) { x.push(this.edges[k], this.edges[k + 1]); y.push(values[k], values[k]); } }
    return [x, y];
  }
  middles(values, from, to) {
    const at = this.isTime ? i => (this.edges[i] + this.edges[i + 1]) / 2 : i => this.edges[i];
    return [values.slice(from, to).map((_, i) => at(from + i)), values.slice(from, to)];
  }
  uncertainty(one, from, to, fill) {
    const x = [], y = [], [at] = this.middles(one.low, 0, this.count);
    for (const [a, b] of runs(one.low, from, to)) {
      if (x.length) { x.push(null); y.push(null); }
      for (let k = a; k < b; k++) { x.push(at[k]); y.push(one.high[k]); }
      for (let k = b - 1; k >= a; k--) { x.push(at[k]); y.push(one.low[k]); }
    }
    return area(x, y, fill, { opacity: 0.25 });
  }

  /** Limits, gaps and names: words are HTML, so nothing in them is read as a tag. */
  wordsOver(limits, from, to) {
    const { x, y, w } = this.rect, [a, b] = this.range, over = limits.map(mark => word(x + 4, this.y(mark.at), mark.label, "limit"));
    let free = x - 1;
    const step = this.count > 1 ? this.edges[1] - this.edges[0] : 0; // what is shorter than half a bin has its hatch, and no words
    for (const gap of this.gaps.filter(one => one.to > a && one.from < b && one.to - one.from >= step / 2)) {
      const said = `${gap.label} ${duration((gap.to - gap.from) / 1000)}`, half = said.length * 3.2, middle = Math.min(Math.max((this.x(Math.max(gap.from, a)) + this.x(Math.min(gap.to, b))) / 2, x + half), x + w - half);
      if (middle - half > free && w > 400) { over.push(word(middle, y - 7, said, "middle quiet")); free = middle + half; }
    }
    this.over.replaceChildren(...over, ...(this.isSideShown || this.hasEnds ? this.sideLabels(from, to) : []));
  }
  /** Names and amounts right of the picture, each led to from where its line or band ends: nothing stands on what is drawn. */
  sideLabels(from, to) {
    let last = to - 1;
    while (last > from && this.visible.every(one => one.values[last] === null)) last--;
    const { x, y, w, h } = this.rect, edge = x + w, gap = theme.chart.label_gap, unit = this.chart.shape.total_unit, digits = columnDigits(this.visible.map(one => one.total), unit);
    const height = (low, high) => Math.min(this.y(low === null ? high : (low + high) / 2), y + h), hasPlace = ({ high }) => this.isPiled || (isNumber(high[last]) && (!this.view.isLog || high[last] > 0));
    const items = this.bands.filter(hasPlace).map(({ one, low, high }) => ({ one, at: height(low && low[last], high[last] ?? low[last]) })).reverse().sort((p, q) => p.at - q.at);
    const places = spread(items.map(item => item.at), gap, y + 14, Math.max(y + h, y + 14 + gap * items.length)), end = this.isSteps ? edge : Math.min(edge, this.x((this.edges[last] + this.edges[last + 1]) / 2) + 3);
    const leaders = svg("svg", { class: "leaders" }, items.map((item, i) => svg("path", { d: `M${end + 2} ${item.at}H${edge + 2}L${edge + 9} ${places[i]}H${edge + 13}` })));
    const amount = one => this.hasEnds ? text(one.values[last], this.unit, this.digits) : one.total === null ? null : number(one.total, unit, digits, false), head = !this.hasEnds && unit && this.series.some(one => one.total !== null) && { gpu_hour: "GPU-hours", hour: "hours" }[unit];
    const row = ({ one }, i) => el("span", { class: !this.hasEnds ? "side" : this.isSideShown ? "side long" : "side short", title: visible(one.label), vars: { x: edge + 15 + "px", y: places[i] + "px" } }, this.series.length > 1 && swatch(one.paint), this.isSideShown && el("b", null, visible(one.label)), amount(one) !== null && el("i", null, amount(one)));
    return [leaders, head && el("span", { class: "side head", vars: { x: edge + 15 + "px", y: y - 4 + "px" } }, el("i", null, head)), ...items.map(row)].filter(Boolean);
  }
  /** The document's own words; they are of its whole period and all names, and say so where less is shown. */
  readout() {
    const isPart = (this.isShared && this.view.isZoomed) || this.visible.length < this.series.length, said = visible(this.chart.readout), off = this.far.map(mark => `${visible(mark.label)} is off this scale`).join(" · ");
    const below = this.least < this.low && `below ${tickTexts([this.low], this.unit, true)[0]} is off this scale`;
    return [said && isPart ? `whole period, all names: ${said}` : said, off, below].filter(Boolean).join(" · ");
  }

  bin(clientX) {
    const { x, w } = this.rect, part = (clientX - this.plot.getBoundingClientRect().left - x) / w, [a, b] = this.range, at = a + part * (b - a);
    return part < 0 || part >= 1 ? null : this.binAt(at);
  }
  binAt(at) { const i = this.edges.findLastIndex(edge => edge <= at); return i < 0 ? 0 : Math.min(i, this.count - 1); }
  listen() {
    const { box, view } = this;
    let start = null;
    const brush = el("div", { class: "brush", hidden: true });
    box.append(brush);
    const point = event => { const i = this.bin(event.clientX); view.move(i === null ? null : this.edges[i], this); };
    box.addEventListener("pointermove", event => {
      if (start === null) { point(event); return; }
      const { left } = this.plot.getBoundingClientRect(), { x, w } = this.rect, p = Math.max(x, Math.min(start, event.clientX) - left), q = Math.min(x + w, Math.max(start, event.clientX) - left);
      brush.hidden = q - p < 5;
      Object.assign(brush.style, { left: p + "px", width: q - p + "px" });
    });
    box.addEventListener("pointerleave", event => { if (start === null && event.pointerType !== "touch") view.move(null); }); // a finger that was lifted has left
    box.addEventListener("blur", () => view.move(null));
    box.addEventListener("pointerdown", event => {
      if (event.pointerType !== "mouse") point(event);
      else if (this.isShared && event.button === 0 && this.bin(event.clientX) !== null) { start = event.clientX; box.setPointerCapture(event.pointerId); }
    });
    const end = event => {
      if (start === null) return;
      const [p, q] = [Math.min(start, event.clientX), Math.max(start, event.clientX)], { left } = this.plot.getBoundingClientRect(), { x, w } = this.rect, clamp = at => this.bin(Math.min(Math.max(at, left + x), left + x + w - 1));
      start = null;
      brush.hidden = true;
      if (q - p >= 5) view.zoom([this.edges[clamp(p)], this.edges[clamp(q) + 1]]);
    };
    box.addEventListener("pointerup", end);
    box.addEventListener("pointercancel", () => { start = null; brush.hidden = true; });
    if (this.isShared) box.addEventListener("dblclick", () => view.zoom(null));
    box.addEventListener("keydown", event => this.key(event));
  }
  key(event) {
    const [from, to] = this.inSight(), here = this.view.cursor === null ? to - 1 + (event.key === "ArrowLeft" ? 1 : 0) : this.binAt(this.view.cursor);
    const next = { ArrowLeft: here - 1, ArrowRight: here + 1, PageUp: here - 24, PageDown: here + 24, Home: from, End: to - 1 }[event.key];
    if (event.key === "Escape") this.view.move(null);
    if (next === undefined) return;
    event.preventDefault();
    const i = Math.max(from, Math.min(to - 1, next));
    this.view.move(this.edges[i], this);
    say(this.spokenBin(i));
  }
  binName(i) { return this.isTime ? interval(this.edges[i], this.edges[i + 1], this.view.zone) : tickTexts([this.edges[i]], this.chart.x.unit)[0]; }
  /** The bin's values, largest first, and their sum where they are parts of one whole. */
  valuesAt(i) {
    const known = this.visible.map(one => [one, one.values[i]]).filter(([, value]) => value !== null);
    return { isKnown: known.length > 0, rows: known.filter(([, value]) => value !== 0 || !this.isStacked).sort((p, q) => q[1] - p[1]), total: this.isStacked && known.length ? known.reduce((sum, [, value]) => sum + value, 0) : null };
  }
  spokenBin(i) {
    const { isKnown, rows, total } = this.valuesAt(i), said = rows.slice(0, 3).map(([one, value]) => `${visible(one.label)} ${text(value, this.unit, this.digits)}`).join(", ");
    return `${this.binName(i)}: ${isKnown ? [total !== null && `total ${text(total, this.unit, this.digits)}`, said].filter(Boolean).join("; ") : "no data"}`;
  }
  showCursor() {
    const { view } = this, [a, b] = this.range, at = this.isShared || view.owner === this ? view.cursor : null, isShown = at !== null && at >= this.edges[0] && at < this.edges.at(-1) && this.low !== undefined;
    this.hair.hidden = !isShown;
    this.tip.hidden = true;
    this.read.classList.toggle("live", isShown);
    if (!isShown) { this.read.textContent = this.quiet; return; }
    const i = this.binAt(at), { y, h } = this.rect, x0 = this.x(Math.max(this.edges[i], a)), x1 = this.x(Math.min(this.edges[i + 1], b)), { isKnown, rows, total } = this.valuesAt(i);
    Object.assign(this.hair.style, { left: x0 + "px", width: Math.max(1, x1 - x0) + "px", top: y + "px", height: h + "px" });
    const sum = total ?? (rows.length === 1 ? rows[0][1] : null);
    this.read.textContent = `${this.binName(i)}${!isKnown ? ": no data" : sum === null ? "" : `: ${text(sum, this.unit, this.digits)}`}`;
    if (view.owner === this) this.showTip(i, rows, total, isKnown, x0, x1);
  }
  showTip(i, rows, total, isKnown, x0, x1) {
    const row = (mark, name, value, kind = null) => el("tr", { class: kind }, el("td", null, mark), el("th", { scope: "row" }, name), el("td", { class: "num" }, value));
    const isNarrow = rows.length > 14 && this.plot.clientHeight < 300, most = isNarrow ? 13 : TIP_ROWS;
    this.tip.replaceChildren(el("b", null, this.binName(i)), !isKnown ? el("div", null, "No data: nobody looked in this time.") : el("table", null, el("tbody", null,
      total !== null && row("", "Total", text(total, this.unit, this.digits), "sum"), rows.slice(0, most).map(([one, value]) => row(swatch(one.paint), visible(one.label), text(value, this.unit, this.digits))), rows.length > most && row("", `${rows.length - most} more`, ""))));
    placeTip(this.tip, x0, x1, this.rect.y, this.plot.clientWidth);
  }
}

/** The chart, or one sentence where there is nothing to draw. */
export function lines(chart, view, options) {
  if (!chart.shape.series.length || !chart.x.values.length) return { node: sentence(chart, chart.empty || "Nothing to draw."), draw() {} };
  return view.add(new LinesChart(chart, view, options));
}
