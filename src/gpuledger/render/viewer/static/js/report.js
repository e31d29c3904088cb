import { anchor, el } from "./dom.js";
import { cell, visible } from "./format.js";
import { bars, ranked } from "./bars.js";
import { boxes } from "./boxes.js";
import { heat } from "./heat.js";
import { histogram } from "./histogram.js";
import { lanes } from "./lanes.js";
import { legend } from "./legend.js";
import { lines } from "./lines.js";
import { quality } from "./quality.js";
import { config } from "./source.js";
import { spans } from "./spans.js";
import { table } from "./table.js";
import { banner, cards, checks, definitions, noteBanner, prose, text } from "./words.js";
import { span, stamp } from "./zone.js";

// A Document as nodes, in its own order. A block that cannot be shown says so and takes nothing else along.
const isWide = chart => chart.shape.shape === "spans" || (chart.shape.shape === "grid" && chart.shape.states.length > 0);
const CHARTS = {
  lines: (chart, view, options) => chart.x.kind === "category" ? { node: bars(chart, view) } : lines(chart, view, options),
  histogram, boxes, spans, bars: ranked, grid: (chart, view, options) => (chart.shape.states.length ? lanes : heat)(chart, view, options),
};
const BLOCKS = { numbers: cards, table, text, definitions, quality };

/** Neighbours of one kind stand together: charts side by side, notes as one list; wide charts alone. */
function runs(blocks) {
  const out = [];
  for (const block of blocks) {
    const kind = block.kind === "chart" && isWide(block) ? block.id : block.kind, last = out.at(-1);
    if (last?.kind === kind && (kind === "chart" || kind === "note")) last.blocks.push(block);
    else out.push({ kind, blocks: [block] });
  }
  return out;
}
function guarded(block, make) {
  try { return make(); } catch (error) {
    console.warn(error);
    return { node: el("div", { id: anchor(block.id) }, banner("warning", `“${visible(block.title || block.id)}” could not be shown.`, `${error.message} The rest is complete.`)) };
  }
}
/** A lead chart and smaller ones; pairs share the width. Charts of the same names share one legend above them. */
function chartRun(charts, view, kept) {
  const isPair = [2, 6, 8].includes(charts.length);
  const drawn = charts.map((chart, i) => guarded(chart, () => CHARTS[chart.shape.shape](chart, view, { isSmall: charts.length > 1 && (isPair || i > 0), kept })));
  const named = drawn.filter(one => one.series?.length > 1), groups = Map.groupBy(named, one => one.names.join("\n"));
  const legends = [];
  for (const group of groups.values()) if (group.length > 1) legends.push(legend(group, view)); else group[0].box.before(legend(group, view));
  return [...legends, el("div", { class: `grid n${charts.length}` }, drawn.map(one => one.node))];
}
function runNodes(run, view, titles, kept, heading) {
  if (run.blocks[0].kind === "chart") return chartRun(run.blocks, view, kept);
  if (run.kind === "note") return checks(run.blocks, titles, heading());
  return run.blocks.map(block => { const made = guarded(block, () => BLOCKS[block.kind](block, view, kept)); return made.node && !(made instanceof Node) ? made.node : made; });
}
function head(content, view) {
  return el("div", { class: "title" }, el("h1", null, visible(content.title)), el("p", { class: "finding" }, prose(content.finding)),
    el("p", { class: "meta" }, [span(content.period, view.zone), visible(content.coverage.sentence), `times in ${view.zone}`].filter(Boolean).map(said => el("span", null, said))));
}
const fileLink = (file, words) => el("a", { href: encodeURIComponent(file.name) }, visible(words));
function tail(content, view) {
  const files = (config.files ?? []).filter(file => !file.block), blocks = (config.files ?? []).filter(file => file.block);
  const said = Object.entries(content.parameters).map(([name, value]) => [name, [value].flat().filter(one => one !== null && one !== "")]).filter(([, values]) => values.length);
  return el("footer", { class: "made" },
    files.length > 0 && el("p", null, "This report as ", files.map((file, i) => [i > 0 && ", ", fileLink(file, file.format)])),
    blocks.length > 0 && el("details", null, el("summary", null, `Files of its tables and figures (${blocks.length})`), el("ul", { class: "files" }, blocks.map(file => el("li", null, fileLink(file, file.name))))),
    said.length > 0 && el("details", null, el("summary", null, "Parameters of this report"), el("dl", null, said.map(([name, values]) => el("div", null, el("dt", null, visible(name).replaceAll("_", " ")), el("dd", null, values.map(one => visible(cell(one, "text", view.zone))).join(", ")))))),
    el("p", null, `Made ${stamp(Date.parse(content.generated_at), view.zone, true)} ${view.zone} by gpuledger. “–” means not collected, never zero.`));
}

/** The nodes of a document; `kept` is what the reader did to its tables and lanes, by block. */
export function report(content, view, kept) {
  const titles = new Map(content.sections.flatMap(section => section.blocks).map(block => [block.id, block.title || block.id]));
  let isFirst = true; // no two lists of checks have one heading
  const heading = (section, isAlone) => { const said = isAlone ? section.title : isFirst ? "Checks" : `Checks: ${section.title}`; isFirst &&= said !== "Checks"; return said; };
  const sections = content.sections.map(section => { const all = runs(section.blocks); return el("section", { class: "section", id: "s-" + section.id }, all.map(run => runNodes(run, view, titles, kept, () => heading(section, all.length === 1)))); });
  return { banners: content.banners.map(note => noteBanner(note, titles)), nodes: [head(content, view), ...sections, tail(content, view)] };
}
