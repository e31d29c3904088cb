import { Colours } from "./theme.js";
import { say } from "./dom.js";

/** What all blocks of one document share: its names' colours, the window of time in sight, hidden names, one cursor, the scale. */
export class View {
  /** `changes` are told what the reader did: hide(names), zoom([from, to] or null). */
  constructor(content, state, changes, before = null) { // the view of the same report that stands here now
    this.content = content;
    this.zone = content.display_zone;
    this.colours = new Colours(content.ranks, before?.colours ?? null);
    this.before = new Map((before?.charts ?? []).filter(({ plot }) => plot).map(one => [one.chart.id, one]));
    this.period = [Date.parse(content.period.start), Date.parse(content.period.end)];
    this.range = clipped(state.range, this.period) ?? this.period;
    this.hidden = new Set(state.hidden);
    this.isLog = state.isLog;
    this.changes = changes;
    this.cursor = this.owner = null;
    this.charts = [];
    this.legends = [];
  }
  get isZoomed() { return this.range[0] > this.period[0] || this.range[1] < this.period[1]; }

  add(chart) { this.charts.push(chart); return chart; }

  /** The cursor of every chart; `owner` is the one that shows the values. */
  move(at, owner) {
    if (at === this.cursor && owner === this.owner) return;
    this.cursor = at;
    this.owner = at === null ? null : owner;
    this.charts.forEach(chart => chart.showCursor?.());
  }
  /** Shows a part of the time in every chart, null the whole; a live page then asks for the part as a period of its own. */
  zoom(range) {
    this.range = clipped(range, this.period) ?? this.period;
    this.changes.zoom(this.isZoomed ? this.range : null);
    this.draw();
  }
  isAlone(name, names) { return !this.hidden.has(name) && names.every(other => other === name || this.hidden.has(other)); }
  toggle(name) {
    if (!this.hidden.delete(name)) this.hidden.add(name);
    this.changed();
  }
  /** Leaves one of the names on the page, or brings all of them back. */
  showAlone(name, names, isAlone) {
    names.forEach(other => isAlone && other !== name ? this.hidden.add(other) : this.hidden.delete(other));
    say(isAlone ? `${name.slice(name.indexOf(":") + 1)} alone` : "All names");
    this.changed();
  }
  changed() {
    this.changes.hide([...this.hidden]);
    this.legends.forEach(update => update());
    this.draw();
  }
  /** Draws, at once, what is as high as what is in it: what stands below it does not move later. Returns [chart, error] of those that failed. */
  drawNow() {
    const failed = [];
    for (const chart of this.charts) if (chart.isOwn) try { chart.draw(); } catch (error) { failed.push([chart, error]); }
    return failed;
  }
  /** Draws every chart that is on the page (another document may stand there by now), those in sight first; one that fails takes nothing along. Returns [chart, error] of those that did. */
  async draw({ isFirst = false } = {}) {
    const failed = [], wanted = this.charts.filter(chart => !(isFirst && chart.isOwn)), places = new Map(wanted.map(chart => [chart, distance(chart.node)]));
    for (const chart of wanted.sort((a, b) => places.get(a) - places.get(b))) {
      if (places.get(chart) > 0) await new Promise(done => setTimeout(done)); // a reader who acts meanwhile is heard
      if (chart.node.isConnected) try { chart.draw(); } catch (error) { failed.push([chart, error]); }
    }
    return failed;
  }
}

/** How far a node is from what is in sight, in pixels. */
function distance(node) {
  const { top, bottom } = node.getBoundingClientRect();
  return Math.max(0, top - innerHeight, -bottom);
}
function clipped(range, [start, end]) {
  if (!range) return null;
  const [a, b] = [Math.max(range[0], start), Math.min(range[1], end)];
  return b > a ? [a, b] : null;
}
