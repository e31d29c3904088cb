// Where documents come from: the API (live), ready files (static), or this very page (embedded). One question, one answer, three ways.
export const config = JSON.parse(document.getElementById("gpuledger-config").textContent);
export const isLive = config.mode === "live";

/** A request that was refused, in the words of whoever refused it. */
export class Refused extends Error {
  constructor(message, { status = 0, field = null, code = null } = {}) { super(message); Object.assign(this, { status, field, code }); }
}
/** Refused not because of a fault, but because there is nothing to show. */
export const NO_DATA = "no_data";
const WAIT = 90e3;

async function asked(path, options = {}) {
  let answer;
  const signal = AbortSignal.any([AbortSignal.timeout(WAIT), ...(options.signal ? [options.signal] : [])]);
  try { answer = await fetch(new URL(path, document.baseURI), { cache: "no-cache", ...options, signal }); } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new Refused(error.name === "TimeoutError" ? "The server did not answer in time." : "The server could not be reached: the request was blocked, or the network or the server is down.");
  }
  if (answer.ok) return answer;
  const told = await answer.json().then(body => body.error, () => null);
  throw new Refused(told?.message ?? `The server answered ${answer.status} ${answer.statusText}.`.replace(" .", "."), { ...told, status: answer.status });
}
const api = path => `${config.base ?? ""}/api/v1/${path}`.replace(/^\//, config.base ? "/" : "");

async function json(path, options) {
  const text = await (await asked(path, options)).text();
  try { return { text, content: JSON.parse(text) }; } catch { throw new Refused("The answer is not readable: it is no JSON."); }
}

/** The reports there are; a static page keeps them beside its data, a live one has them with it, until they are asked for anew. */
export async function reports(isAnew = false) {
  if (config.mode === "embedded" || (config.reports?.length && isLive && !isAnew)) return config.reports;
  return (await json(isLive ? api("reports") : "data/index.json")).content.reports;
}

/** The ready windows of a tab; a page that asks live has none. */
export const windowsOf = (info, tab) => (info.windows ?? []).filter(one => (one.tab ?? null) === tab);

/** The windows of a tab that could not be made, each with its reason. */
export const missingOf = (info, tab) => (info.missing ?? []).filter(one => (one.tab ?? null) === tab);

function windowOf(info, { tab, last }) {
  const ready = windowsOf(info, tab), missing = missingOf(info, tab), asked = missing.find(one => one.last === last);
  const window = asked ? null : ready.find(one => one.last === last) ?? ready.find(one => one.last === info.default_last) ?? ready.at(-1);
  if (!window) throw new Refused((asked ?? missing[0])?.reason ?? "This page holds no data of this report.", { code: NO_DATA });
  return window;
}

/** Why a report has nothing to show, as far as the list of reports tells; null when it may have. A ledger that tells nothing of it has no newest moment. */
export const emptiness = info => isLive ? (info.newest === null ? "Nothing of it has been read into the ledger yet." : null) : info.windows.length ? null : info.missing?.[0]?.reason ?? "";

/** The document of a state of the page: {text, content, window}. */
export async function load(info, state, signal) {
  if (isLive && emptiness(info) !== null) throw new Refused(emptiness(info), { code: NO_DATA });
  if (isLive) return { ...(await json(`${api(`reports/${encodeURIComponent(info.name)}`)}?${question(info, state)}`, { signal })), window: null };
  const window = windowOf(info, state);
  if (config.mode === "static") return { ...(await json(`data/${window.file}`, { signal })), window };
  const block = [...document.querySelectorAll("script.gpuledger-document")].find(one => one.dataset.file === window.file);
  if (!block) throw new Refused("This page does not hold the data it should.");
  return { text: block.textContent, content: JSON.parse(block.textContent), window };
}

/** The state as the API's query: the period, what is kept, and the tab's and the reader's parameters. */
function question(info, state) {
  const query = new URLSearchParams(), tab = (info.tabs ?? []).find(one => one.label === state.tab);
  if (state.from && state.to) { query.set("from", state.from); query.set("to", state.to); } else if (state.month) query.set("month", state.month);
  else query.set("last", state.last ?? info.default_last);
  state.where.forEach(one => query.append("where", one));
  for (const [name, value] of Object.entries({ ...tab?.parameters, ...state.parameters })) for (const one of [value].flat()) query.append(name, one);
  return query;
}

/** Who reads: {is_authenticated, scopes, user, csrf}. A page without a server has nobody. */
export const me = async () => isLive ? (await json(api("me"))).content : { is_authenticated: false, scopes: [] };
export const sources = async () => (await json(api("sources"))).content;
export const login = (token, csrf) => asked(`${config.base ?? ""}/login`, { method: "POST", headers: { "Content-Type": "application/json", ...(csrf ? { "X-CSRF-Token": csrf } : {}) }, body: JSON.stringify({ token }) });
export const logout = csrf => asked(`${config.base ?? ""}/logout`, { method: "POST", headers: csrf ? { "X-CSRF-Token": csrf } : {} });

/** Sends a file to a source; `progress` hears how much is sent (0 to 1). Only XMLHttpRequest tells. */
export function upload(source, file, csrf, progress) {
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest(), form = new FormData();
    form.append("file", file);
    request.open("POST", new URL(api(`ingest/${encodeURIComponent(source)}`), document.baseURI));
    if (csrf) request.setRequestHeader("X-CSRF-Token", csrf);
    request.upload.onprogress = event => event.lengthComputable && progress(event.loaded / event.total);
    request.onerror = () => fail(new Refused("The file could not be sent: the request was blocked, or the network or the server is down."));
    request.onload = () => {
      let body = null;
      try { body = JSON.parse(request.responseText); } catch { /* an answer of a proxy: its status says enough */ }
      if (request.status < 300 && body) done(body);
      else fail(new Refused(body?.error?.message ?? `The server answered ${request.status} ${request.statusText}.`, { ...body?.error, status: request.status }));
    };
    request.send(form);
  });
}
