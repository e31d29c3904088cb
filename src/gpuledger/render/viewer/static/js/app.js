import { showAge } from "./age.js";
import { el, icon, say } from "./dom.js";
import { visible } from "./format.js";
import { filters, hours } from "./filters.js";
import { draws } from "./plot.js";
import { refreshing } from "./refresh.js";
import { report } from "./report.js";
import { session, signIn } from "./session.js";
import { NO_DATA, config, emptiness, isLive, load, missingOf, reports } from "./source.js";
import { href, link, onBack, read, write } from "./state.js";
import { modeName, onMode, toggleMode } from "./theme.js";
import { View } from "./view.js";
import { banner } from "./words.js";

// The page: which report, which period, how old. All of it lives in the URL; a refresh changes nothing but the numbers.
const $ = id => document.getElementById(id), main = $("main");
const SLOW = 10e3, kept = {};
const zooms = [], empty = new Map(); // reports that have nothing to show, with the reason
let infos = [], state = read(), shown = null, asking = null, view = null, failing = null, isChosen = state.report !== null, unknown = null; // a report that was asked for and is none

const info = () => infos.find(one => one.name === state.report) ?? infos[0];
/** Changes the state and shows what it asks for. */
function go(changes, isStep = true) {
  state = { ...state, ...changes };
  if (changes.report) unknown = null;
  write(state, isStep);
  const isDrawn = Object.keys(changes).every(key => key === "isLog" || key === "hidden" || (key === "range" && !isLive));
  return isDrawn && shown ? drawn(shown) : show();
}

/** Reports of one subject share a tab: pool, pool-hosts, pool-unused … are chosen below it. */
const family = name => { const first = name.split("-")[0]; return infos.some(one => one.name === first) ? first : name; };
const OTHER = { tab: null, parameters: {}, where: [], hidden: [], range: null };
const isEmpty = ({ name }) => empty.has(name);
/** A link to a report; a click with a key held opens it elsewhere, as of any link. */
function linkTo(one, isHere, isNone) {
  const changes = { report: one.name, ...OTHER };
  return el("a", { href: href({ ...read(), ...changes }), "aria-current": isHere ? "page" : null, class: isNone && "none", title: isNone && visible(empty.get(one.name)), onclick: event => { if (event.ctrlKey || event.metaKey || event.shiftKey) return; event.preventDefault(); go(changes); } }, visible(one.title));
}
function bar(one, content) {
  const ours = infos.filter(other => family(other.name) === family(one.name));
  return filters(one, state, content, go, ours.length > 1 && el("nav", { class: "family", "aria-label": `Reports beside ${visible(one.title)}` }, ours.map(other => linkTo(other, other.name === one.name, isEmpty(other)))));
}
function nav() {
  $("reports").replaceChildren(...[...Map.groupBy(infos, one => family(one.name)).values()].map(all => linkTo(all[0], all.includes(info()), all.every(isEmpty))));
  fit();
}
/** The bar of reports has a line of its own where it does not fit beside the rest. */
function fit() {
  const bar = $("reports"), { classList } = bar.parentElement;
  classList.remove("many");
  classList.toggle("many", bar.scrollWidth > bar.clientWidth);
  document.querySelectorAll("#reports,.family").forEach(inSight);
}
/** Scrolls a bar to its tab; scrollIntoView would scroll the page too, at every refresh. */
function inSight(node) {
  const [at, bar] = [node.querySelector("[aria-current]"), node].map(one => one?.getBoundingClientRect());
  if (at) node.scrollLeft += Math.min(0, at.left - bar.left - 48) + Math.max(0, at.right - bar.right + 48);
}

/** Title at once, grey lines for the rest; after a while it says what it waits for. */
function skeleton() {
  const waits = el("p", { class: "finding" });
  setTimeout(() => { waits.textContent = "Still waiting for the server to answer …"; }, SLOW);
  main.replaceChildren(bar(info(), null), el("div", { class: "title" }, el("h1", null, visible(info().title)), waits),
    el("div", { class: "skeleton", role: "status" }, el("span", { class: "sr" }, "Loading"), el("div", { class: "cards" }, Array.from({ length: 6 }, () => el("div", { class: "card" }, el("i"), el("i")))), el("div", { class: "panel" }, el("i"), el("i"), el("i"))));
}

/** What was chosen shows at once; what it shows follows. */
function chosen(one) {
  const focus = document.activeElement?.dataset?.keep;
  main.querySelector(".filters")?.replaceWith(bar(one, shown.content));
  focusOn(focus);
  say("Loading");
}
const focusOn = key => key && main.querySelector(`[data-keep="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
async function show() {
  const isLeft = asking !== null; // what was chosen last does not come: the controls may stand for it
  asking?.abort();
  const own = asking = new AbortController();
  const one = info();
  if (state.report !== null && state.report !== one.name) [unknown, isChosen] = [state.report, false];
  const labels = (one.tabs ?? []).map(tab => tab.label);
  state = { ...state, report: one.name, tab: labels.includes(state.tab) ? state.tab : labels[0] ?? null };
  nav();
  if (shown && shown.name === one.name) { main.classList.add("waiting"); if (isLeft || shown.key !== link(state)) chosen(one); } else skeleton();
  try {
    if (isLive && isChosen && emptiness(one) !== null) listed(await reports(true)); // it may have come since
    const answer = await load(info(), state, own.signal);
    if (own.signal.aborted) return;
    failing = null;
    isChosen = true;
    if (empty.delete(one.name)) nav();
    if (shown?.text !== answer.text || shown.key !== link(state)) await drawn({ ...answer, name: one.name, key: link(state) });
    else { main.querySelector("#failed")?.remove(); tick(); }
  } catch (error) {
    if (own.signal.aborted) return;
    if (error.code === NO_DATA) empty.set(one.name, error.message);
    if (error.code !== NO_DATA || isChosen) { refused(error, one); return; }
    const next = infos.find(({ name }) => family(name) === name && !empty.has(name)) ?? infos.find(({ newest }) => newest) ?? infos[0]; // nobody asked for an empty page
    isChosen = empty.has(next.name);
    if (next.name === one.name) { refused(error, one); return; }
    state = { ...state, report: next.name, tab: null };
    await show();
  } finally {
    if (asking === own) { asking = null; main.classList.remove("waiting"); document.documentElement.dataset.ready = "1"; }
  }
}

/** What leads to the newest data of a report, where the period has none. */
function earlier({ newest, default_last: last }) {
  const to = Date.parse(newest ?? "") + 60e3, from = to - hours(last) * 3600e3;
  return from > 0 && el("button", { type: "button", onclick: () => go({ last: null, month: null, where: [], from: new Date(from).toISOString(), to: new Date(to).toISOString() }) }, `Show the newest ${last}`);
}

/** Nothing old is shown for something new; a refresh that fails keeps what stands, dated, and says so. */
function refused(error, one) {
  failing = error;
  isChosen = true;
  nav();
  const again = error.status === 401 ? el("button", { type: "button", onclick: () => signIn(begin) }, "Sign in") : el("button", { type: "button", onclick: () => show() }, "Try again");
  const isSame = shown && shown.name === one.name && shown.key === link(state);
  const said = error.field ? `${error.message} (${error.field})` : error.message;
  if (!isSame) {
    const told = error.code === NO_DATA ? banner("info", `“${one.title}” has nothing to show.`, said, earlier(info())) : error.status === 400 ? banner("warning", "this cannot be shown.", said) : banner("critical", `“${one.title}” could not be loaded.`, `${said} Nothing is shown rather than something old.`, again);
    shown = null;
    main.replaceChildren(bar(one, null), el("div", { class: "title" }, el("h1", null, visible(one.title))), told);
    $("age").replaceChildren();
    $("age").className = "age";
  } else {
    main.querySelector("#failed")?.remove();
    const note = banner("warning", "the data could not be refreshed.", `${said} Everything below is as it was.`, again);
    note.id = "failed";
    main.prepend(note);
    tick();
  }
}

/** The first block in sight and where it stands: what a reader looks at. */
function mark() {
  const node = [...main.querySelectorAll(".panel[id],.cards[id]")].find(one => one.getBoundingClientRect().bottom > $("reports").closest("header").offsetHeight);
  return node && scrollY > 0 ? [node.id, node.getBoundingClientRect().top] : null;
}
function returnTo([id, top]) {
  const node = document.getElementById(id);
  if (node) scrollBy({ top: node.getBoundingClientRect().top - top, behavior: "instant" });
}
/** Draws a document in place of the one before it: scroll, focus and what the reader did stay. */
async function drawn(answer) {
  const place = mark(), focus = document.activeElement?.dataset?.keep, inner = new Map([...main.querySelectorAll(".scroll,.states")].map(node => [node.dataset.keep, [node.scrollLeft, node.scrollTop]])), isSame = shown?.name === answer.name;
  shown = answer;
  const { content } = answer, one = info();
  view = new View(content, state, { hide: hidden => { state = { ...state, hidden }; write(state, false); shown.key = link(state); }, zoom: zoomed }, isSame ? view : null);
  const { banners, nodes } = report(content, view, kept[one.name] ??= {}), half = isSame && main.querySelector(".filters:has(details[open])"); // a half-made choice
  if (half) [...main.children].forEach(node => node !== half && node.remove()); // and stays where it is: what is taken away loses its focus
  else main.replaceChildren(bar(one, content));
  main.querySelector(".filters").before(...banners, ...notices(answer));
  main.append(...nodes);
  document.title = `${visible(content.title)} · ${document.querySelector(".brand").textContent}`;
  tick();
  const failed = view.drawNow();
  if (isSame) {
    if (place) returnTo(place);
    for (const [key, [left, top]] of inner) { const node = key && main.querySelector(`[data-keep="${CSS.escape(key)}"]`); if (node) Object.assign(node, { scrollLeft: left, scrollTop: top }); }
    focusOn(focus);
  }
  performance.mark("words");
  await new Promise(done => requestAnimationFrame(() => setTimeout(done))); // they are on the screen
  await charts(view, failed);
}
/** Charts come after words; one that cannot be drawn says so, and the numbers and tables stand. */
async function charts(own, before = null) {
  for (const [chart, error] of [...(before ?? []), ...await own.draw({ isFirst: before !== null })]) {
    console.warn(error);
    chart.node.querySelectorAll(".chart,.legend").forEach(node => node.remove());
    chart.node.append(banner("warning", "this chart could not be drawn.", error.message));
  }
  performance.mark("ready");
  document.documentElement.dataset.ready = "1";
}
/** What a page without a server cannot do is said where it would be done. */
function notices({ window }) {
  const absent = unknown === null ? [] : [banner("info", `there is no report “${unknown}”.`, `This is ${info().title}.`)];
  const missing = Object.entries(Object.groupBy(missingOf(info(), state.tab), one => one.reason)).map(([reason, all]) => banner("warning", `${all.map(one => `last ${one.last}`).join(", ")}: not made.`, reason));
  if (isLive || !state.range) return [...absent, ...missing];
  const back = el("button", { type: "button", onclick: () => go({ range: null }, false) }, "Show all");
  return [...absent, ...missing, banner("info", "the charts show a part of the period.", `Numbers and tables are of all of it${window?.last ? ` (last ${window.last})` : ""}: this page has no server to ask again.`, back)];
}
/** A zoom is a new period: a live page asks for it; another shows the part of the charts that it has. */
function zoomed(range) {
  if (!isLive) { go({ range }, false); return; }
  const { last, month, from, to } = state;
  if (range) { zooms.push({ last, month, from, to }); go({ last: null, month: null, from: new Date(range[0]).toISOString(), to: new Date(range[1]).toISOString() }); } else if (from) go({ last: null, month: null, from: null, to: null, ...zooms.pop() });
}

/** The reports, and which of them have nothing to show. */
function listed(all) {
  infos = all;
  empty.clear();
  for (const one of all) if (emptiness(one) !== null) empty.set(one.name, emptiness(one));
  nav();
}
/** The newest there is: a page asks first which reports have anything to show, a published one which files those are. */
async function refresh() {
  if (!infos.length) return;
  try { listed(await reports(true)); } catch (error) { refused(error, info()); return; }
  await show();
}
/** A refresh would take a half-made choice away. */
const isChoosing = () => asking !== null || document.querySelector("dialog[open], .filters details[open]") !== null;

function tick() { if (shown) showAge($("age"), shown.content, Date.now(), failing !== null); fit(); }
function modeButton() {
  const name = modeName() === "dark" ? "Light mode" : "Dark mode";
  $("mode").replaceChildren(icon(modeName() === "dark" ? "sun" : "moon"), el("span", { class: "sr" }, name));
  $("mode").title = name;
}

/** Shows what there is for who reads. Of somebody else, or after an upload, everything is asked anew: what stands here may not be theirs, or not be all. */
async function begin(isAnew = true) {
  const may = session($("session"), begin), again = el("button", { type: "button", onclick: () => begin() }, "Try again");
  if (isLive && (isAnew || !config.reports.length) && !await may) return instead(banner("info", "sign in to see the reports.", "This page needs a token with the scope read.", el("button", { type: "button", onclick: () => signIn(begin) }, "Sign in")));
  try { listed(await reports(isAnew)); } catch (error) { return instead(banner("critical", "the list of reports could not be loaded.", error.message, again)); }
  if (!infos.length) return instead(banner("info", "there is no report yet.", config.mode === "static" ? "Nothing was published here." : ""));
  await show();
}
/** Words in place of the reports. */
function instead(note) {
  asking?.abort();
  [infos, shown, view] = [[], null, null];
  nav();
  main.replaceChildren(note);
  $("age").replaceChildren();
  $("age").className = "age";
  document.documentElement.dataset.ready = "1";
}

async function start() {
  $("mode").addEventListener("click", () => { toggleMode(); say($("mode").title); });
  onMode(() => { modeButton(); if (view) charts(view); });
  modeButton();
  onBack(() => { [state, unknown] = [read(), null]; if (infos.length) show(); });
  let width = innerWidth;
  addEventListener("beforeprint", () => { document.documentElement.classList.add("printing"); if (view) charts(view); });
  addEventListener("afterprint", () => { document.documentElement.classList.remove("printing"); if (view) charts(view); });
  addEventListener("resize", () => { if (innerWidth !== width) { width = innerWidth; fit(); if (view) charts(view); } });
  setInterval(tick, 30e3);
  await begin(false);
  refreshing($("auto"), refresh, isChoosing);
}
globalThis.gpuledger = { draws };
start();
