import { el, say } from "./dom.js";
import { visible } from "./format.js";
import { modal } from "./modal.js";
import { isLive, login, logout, me } from "./source.js";
import { uploadForm } from "./upload.js";
import { prose } from "./words.js";

// Who reads: signing in with a token, signing out, and the upload form for those who may.
let who = { is_authenticated: false, scopes: [] };

/** Asks who reads and shows what they may do; a service that does not say is one nobody signs in to. Returns whether they may read. */
export async function session(button, changed) {
  if (!isLive) return true;
  try { who = await me(); } catch { return true; }
  const isSession = who.is_authenticated && who.csrf;
  button.hidden = who.is_authenticated && !isSession;
  button.replaceChildren(isSession ? `Sign out${who.user ? ` ${visible(who.user)}` : ""}` : "Sign in");
  button.onclick = isSession ? async () => { await logout(who.csrf).catch(() => null); changed(); } : () => signIn(changed);
  document.getElementById("upload")?.remove();
  if (who.scopes.includes("upload")) button.before(el("button", { type: "button", id: "upload", onclick: () => uploadForm(who, changed) }, "Upload"));
  return who.scopes.includes("read");
}

/** A dialog for a token; it is sent once and kept by nobody but the server's cookie. */
export function signIn(changed) {
  const token = el("input", { type: "password", autocomplete: "off", required: true, "aria-label": "Token" }), wrong = el("p", { class: "wrong", role: "alert" });
  const send = async event => {
    event.preventDefault();
    wrong.textContent = "";
    try { await login(token.value, who.csrf); dialog.close(); say("Signed in"); changed(); } catch (error) { wrong.textContent = error.message; token.select(); }
  };
  const dialog = modal("Sign in", el("form", { onsubmit: send }, el("p", null, prose("Whoever runs this service makes tokens with `gpuledger token create NAME`.")), el("label", null, el("span", null, "Token"), token), wrong, el("div", { class: "ends" }, el("button", { type: "submit", class: "chief" }, "Sign in"))));
}
