import { el, icon, say } from "./dom.js";
import { duration } from "./format.js";
import { config } from "./source.js";

// Asks again every few minutes, unless paused or out of sight; overdue, it asks when the page comes back.
const KEY = "gpuledger-refresh", STEP = config.refresh_seconds ?? 300;
const kept = () => { try { return localStorage.getItem(KEY); } catch { return null; } };

/** Runs `ask` on the step; the button pauses and says so. `isBusy` puts it off while the reader is choosing something. */
export function refreshing(button, ask, isBusy) {
  if (config.mode === "embedded" || STEP <= 0) return;
  let isOn = kept() !== "paused", last = Date.now();
  const paint = () => {
    button.hidden = false;
    button.setAttribute("aria-label", isOn ? `Pause refreshing (every ${duration(STEP)})` : `Refresh every ${duration(STEP)}`);
    button.replaceChildren(icon(isOn ? "pause" : "play"), el("span", { class: "in-words" }, isOn ? `Refreshing every ${duration(STEP)}` : "Paused"));
  };
  const look = () => {
    if (!isOn || document.hidden || isBusy() || Date.now() - last < STEP * 1000) return;
    last = Date.now();
    ask();
  };
  button.addEventListener("click", () => {
    isOn = !isOn;
    try { localStorage.setItem(KEY, isOn ? "on" : "paused"); } catch { /* a private window: forgotten at its end */ }
    paint();
    say(isOn ? "Refreshing" : "Paused");
    look();
  });
  document.addEventListener("visibilitychange", look);
  setInterval(look, Math.min(1000, STEP * 1000));
  paint();
}
