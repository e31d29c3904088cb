import { theme } from "./theme.js";
import { dateText, stamp } from "./zone.js";

// Numbers, lengths of time and instants as text, by the rules of render/format.py: the same value, the same text (a test compares
// thousands). Amounts are exact decimals, {n, e} = n / 10^e with a BigInt n: what a double cannot hold is not rounded twice.
const N = theme.number, SPACE = N.unit_space, PLAIN = { decimals: [[100, 0], [10, 1], [1, 2], [0, 3]] };
const unitOf = unit => N.units[unit] ?? PLAIN;
export const NULL = N.null;
export const isNumber = value => typeof value === "number" && Number.isFinite(value);

function exact(value) {
  const [, sign, whole, part = "", power = "0"] = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(value));
  const e = part.length - Number(power), n = BigInt(sign + whole + part);
  return e < 0 ? { n: n * 10n ** BigInt(-e), e: 0 } : { n, e };
}
const magnitude = n => n < 0n ? -n : n;
/** −1, 0, 1: how an amount's size compares with a plain number. */
function against(amount, bound) {
  const other = exact(bound), a = magnitude(amount.n) * 10n ** BigInt(other.e), b = other.n * 10n ** BigInt(amount.e);
  return a < b ? -1 : a > b ? 1 : 0;
}

function scaled(value, spec) {
  let amount = exact(value), tail = spec.suffix ?? "";
  if (spec.scale) amount = { n: amount.n * BigInt(spec.scale), e: amount.e };
  if (!spec.iec) return [amount, tail];
  for (const prefix of ["", "Ki", "Mi", "Gi", "Ti"]) {
    if (against(amount, 1024) < 0) return [amount, prefix + "B"];
    amount = { n: amount.n * 9765625n, e: amount.e + 10 }; // 1/1024 is 9765625 / 10^10, exactly
  }
  return [amount, "PiB"];
}
function decimals(amount, spec) {
  for (const step of spec.decimals) {
    if (!Array.isArray(step)) return step;
    if (against(amount, step[0]) >= 0) return step[1];
  }
  return 0;
}
/** n as text with `digits` decimals and groups; n counts the last decimal. */
function grouped(n, digits) {
  const text = n.toString().padStart(digits + 1, "0"), whole = text.slice(0, text.length - digits).replace(/\B(?=(\d{3})+$)/g, N.group);
  return digits ? whole + N.decimal + text.slice(-digits) : whole;
}
/** Half away from zero; something is never printed as nothing. */
function rounded(amount, digits) {
  const size = magnitude(amount.n), sign = amount.n < 0n ? N.minus : "", scale = 10n ** BigInt(amount.e), shifted = size * 10n ** BigInt(digits);
  if (size && shifted * 2n < scale) return sign + N.below + grouped(1n, digits);
  return sign + grouped((shifted * 2n + scale) / (scale * 2n), digits);
}
/** Percent that never becomes 100 by rounding, from either side. */
function certain(amount, digits) {
  const short = 100n * 10n ** BigInt(amount.e) - amount.n, half = 10n ** BigInt(amount.e), near = magnitude(short) * 2n * 10n ** BigInt(digits);
  if (short > 0n && near <= half) return grouped(10n ** BigInt(digits) * 100n - 1n, digits);
  if (short < 0n && near < half) return ">" + grouped(10n ** BigInt(digits) * 100n, digits);
  return rounded(amount, digits);
}

/** `value` in `unit` (a key of the theme's units; another text: no suffix, three figures). */
export function number(value, unit, digits = null, hasSuffix = true) {
  if (!isNumber(value)) return NULL;
  const spec = unitOf(unit);
  if (spec.duration) return duration(value);
  const [amount, tail] = scaled(value, spec), places = digits ?? (amount.n === 0n ? 0 : decimals(amount, spec));
  let text = unit === "ratio" ? certain(amount, places) : rounded(amount, places);
  if (spec.signed && amount.n > 0n && /^\d/.test(text)) text = "+" + text;
  if (spec.prefix) text = text.replace(/^[−<]*/, lead => lead + spec.prefix);
  return text + (hasSuffix && tail ? SPACE + tail : "");
}
/** One count of decimals for a whole column, null where each value has its own unit. */
export function columnDigits(values, unit) {
  const spec = N.units[unit];
  if (!spec || spec.duration || spec.iec) return null;
  const most = values.reduce((top, value) => isNumber(value) ? Math.max(top, Math.abs(value)) : top, 0);
  return decimals(scaled(most, spec)[0], spec);
}
/** Seconds of the smaller of the two units that the longest time of a column takes: its shorter ones go no finer. */
export function columnFinest(values, unit) {
  if (!unitOf(unit).duration) return null;
  const longest = values.reduce((top, value) => isNumber(value) ? Math.max(top, Math.abs(value)) : top, 0);
  return longest >= 172800 ? 3600 : longest >= 3600 ? 60 : null;
}
/** The unit as it stands beside a title: nothing where values carry it themselves or count things. */
export function unitWord(unit) {
  const spec = N.units[unit];
  return !spec ? unit : spec.duration || spec.iec ? "" : spec.suffix || spec.prefix || "";
}
const unitWords = text => new Set((text.toLowerCase().match(/[\p{L}\p{N}]+|[^\p{L}\p{N}\s]/gu) ?? []).filter(word => word !== "-").map(word => word === "hour" || word === "hours" ? "h" : word));
/** `unit` as it stands beside `label`: nothing where the label says it already. */
export function unitBeside(label, unit) {
  const said = unitWords(label);
  return [...unitWords(unit)].every(word => said.has(word)) ? "" : unit;
}

const two = n => String(n).padStart(2, "0"), many = n => grouped(BigInt(n), 0);
/** Two units at most ("21 min", "37 h 30 min", "4 d 6 h"); in a column of one `finest` unit every time that reaches it ends in it. */
export function duration(seconds, finest = null) {
  if (seconds < 0) return N.minus + duration(-seconds, finest);
  if (seconds > 0 && seconds < 0.5) return `${N.below}1${SPACE}s`;
  const whole = Math.floor(seconds + 0.5), hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60;
  if (finest !== null && whole >= finest) return endingIn(whole, finest);
  if (whole < 60) return `${whole}${SPACE}s`;
  if (whole < 3600) return `${minutes}${SPACE}min`;
  if (whole < 172800) return `${hours}${SPACE}h` + (minutes ? ` ${two(minutes)}${SPACE}min` : "");
  return `${many(Math.floor(hours / 24))}${SPACE}d` + (hours % 24 ? ` ${hours % 24}${SPACE}h` : "");
}
function endingIn(whole, finest) {
  const hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60, days = Math.floor(hours / 24);
  if (finest === 3600) return (days ? `${many(days)}${SPACE}d ` : "") + `${hours % 24}${SPACE}h`;
  return hours ? `${many(hours)}${SPACE}h ${two(minutes)}${SPACE}min` : `${minutes}${SPACE}min`;
}

const CARRIES_UNIT = new Set(["ratio", "point", "second", "byte"]);
/** A table's or card's value as text. The unit stands in the head, except for ratios, points and times. */
export function cell(value, unit, zone, digits = null, finest = null) {
  if (value === null || value === undefined) return NULL;
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "string" && unit === "instant") return stamp(Date.parse(value), zone, true);
  if (typeof value === "string" && unit === "date") return dateText(value);
  if (typeof value === "string" || unit === "text" || unit === "instant" || unit === "date") return String(value);
  return finest !== null ? duration(value, finest) : number(value, unit, digits, CARRIES_UNIT.has(unit));
}
/** The value as a program reads it: full precision, "" for null. */
export const machine = value => value === null || value === undefined ? "" : String(value);

const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/gu, KEPT = new Set(["\u200c", "\u200d"]);
/** `text` with every control, direction-changing or broken character written out, so that none of them acts. */
export const visible = text => String(text).replace(HIDDEN, letter => KEPT.has(letter) ? letter : written(letter.codePointAt(0)));
function written(code) {
  const short = { 9: "\\t", 10: "\\n", 13: "\\r" }[code], hex = code.toString(16);
  return short ?? (code < 256 ? "\\x" + hex.padStart(2, "0") : code < 65536 ? "\\u" + hex.padStart(4, "0") : "\\U" + hex.padStart(8, "0"));
}
