// What the reader chose, kept in the URL: a link shows the same page. A page from a file keeps it behind "#".
const isFile = location.protocol === "file:";
const SIMPLE = ["tab", "last", "from", "to", "month"];

export function read() {
  const query = new URLSearchParams(isFile ? location.hash.slice(1) : location.search), state = { report: query.get("report"), where: query.getAll("where"), parameters: {} };
  for (const key of SIMPLE) state[key] = query.get(key);
  for (const key of new Set(query.keys())) if (key.startsWith("p.")) { const all = query.getAll(key); state.parameters[key.slice(2)] = all.length > 1 ? all : all[0]; }
  state.hidden = query.getAll("hide");
  state.isLog = query.get("scale") === "log";
  const zoom = (query.get("zoom") ?? "").split("~").map(text => Date.parse(text));
  state.range = zoom.length === 2 && zoom.every(Number.isFinite) ? zoom : null;
  return state;
}

export function link(state) {
  const query = new URLSearchParams();
  if (state.report) query.set("report", state.report);
  for (const key of SIMPLE) if (state[key]) query.set(key, state[key]);
  state.where.forEach(one => query.append("where", one));
  for (const [name, value] of Object.entries(state.parameters)) for (const one of [value].flat()) query.append("p." + name, one);
  state.hidden.forEach(one => query.append("hide", one));
  if (state.isLog) query.set("scale", "log");
  if (state.range) query.set("zoom", state.range.map(at => new Date(at).toISOString()).join("~"));
  return (isFile ? "#" : "?") + query;
}
/** The same as a link on the page: with the file's name, or a reader's tools take it for one that jumps within the page. */
export const href = state => (isFile ? location.pathname.split("/").at(-1) : "") + link(state);
/** A new report or period is a step that "back" undoes; hiding a name or zooming a picture is not. */
export const write = (state, isStep) => history[isStep ? "pushState" : "replaceState"](null, "", link(state));
export const onBack = listener => addEventListener(isFile ? "hashchange" : "popstate", listener);
