import { el, levelIcon } from "./dom.js";
import { duration } from "./format.js";
import { config, isLive } from "./source.js";
import { stamp } from "./zone.js";

// How old what is shown is: always in sight, and never green when old.
const HOUR = 3600e3;

/** The last moment of the period that the document tells of: its newest data, else the end of what any source covers; null when none says so. */
export function observedTo(content) {
  const end = Date.parse(content.period.end), newest = Date.parse(content.coverage.newest_at ?? "");
  if (Number.isFinite(newest)) return Math.min(newest, end);
  const lanes = content.sections.flatMap(section => section.blocks).filter(block => block.kind === "quality").flatMap(block => block.lanes).filter(lane => lane.covered_ratio > 0);
  const seen = lanes.map(({ gaps }) => { const open = gaps.map(gap => gap.map(Date.parse)).find(([, to]) => to >= end); return open ? open[0] : end; });
  return seen.length ? Math.max(...seen) : null;
}

/** Level and words of the age pill at `now`; `isFailing` when the newest request was refused. How old data may be is the document's word. */
export function age(content, now, isFailing) {
  const to = observedTo(content), made = Date.parse(content.generated_at), zone = content.display_zone, isNow = Date.parse(content.period.end) > made - HOUR, allowed = content.coverage.allowed_age_seconds;
  const isUnasked = now - made > Math.max(3e3 * (config.refresh_seconds ?? 300), isLive ? 15 * 60e3 : HOUR), waited = isLive || allowed === null || allowed === undefined ? isUnasked : now - to > allowed * 1e3;
  const told = content.banners.some(note => note.level === "stale") || (isNow && allowed > 0 && to !== null && now - to > allowed * 1e3);
  if (config.mode === "embedded") return { level: told ? "stale" : "info", text: `Made ${stamp(made, zone, true)} ${zone}`, old: "" };
  if (to === null) return { level: told || waited ? "stale" : "unknown", text: `Age of the data is not known, page of ${stamp(made, zone)}`, old: "" };
  const old = isNow || told ? `${duration(Math.max(0, now - to) / 1000)} old` : "";
  const isEarlier = Date.parse(content.coverage.newest_at ?? "") > Date.parse(content.period.end); // there is newer data than what the period shows
  return { level: told || isFailing || (isNow && waited) ? "stale" : isNow ? "ok" : "info", text: `${isEarlier ? "Shown" : "Data"} to ${stamp(to, zone, !isNow)} ${zone}`, old };
}
export function showAge(node, content, now, isFailing) {
  const { level, text, old } = age(content, now, isFailing);
  node.className = "age " + level;
  node.title = text;
  node.replaceChildren(levelIcon(level), el("span", null, el("span", { class: old && "since" }, old ? `${text}, ` : text), old)); // where there is little room, how old is what stays
}
