import { columnDigits, duration, number } from "./format.js";

// Where labels and ticks go: the same pooling and the same round steps as in the figures (render/figure).
/** Positions nearest to `wanted` (ascending) that are `gap` apart inside [low, high]. */
export function spread(wanted, gap, low, high) {
  const pools = [];
  for (const want of wanted) {
    pools.push([want, 1]);
    while (pools.length > 1 && pools.at(-2)[0] + gap * (pools.at(-2)[1] + pools.at(-1)[1]) / 2 > pools.at(-1)[0]) {
      const [b, n] = pools.pop(), [a, m] = pools.pop();
      pools.push([(a * m + b * n) / (m + n), m + n]);
    }
  }
  const out = pools.flatMap(([centre, count]) => {
    const half = gap * (count - 1) / 2, at = Math.min(Math.max(centre, low + half), high - half);
    return Array.from({ length: count }, (_, k) => at - half + gap * k);
  });
  for (let i = 1; i < out.length; i++) out[i] = Math.max(out[i], out[i - 1] + gap);
  for (let i = out.length - 1, top = high; i >= 0; i--, top -= gap) out[i] = Math.min(out[i], top);
  return out;
}

/** Ticks whose words do not touch those before them: `x` is a tick's place in pixels. */
export function apart(ticks, texts, x, air = 8) {
  const kept = [];
  let free = -Infinity;
  ticks.forEach((tick, i) => {
    const half = texts[i].length * 3.4;
    if (x(tick) - half < free) return;
    kept.push([tick, texts[i]]);
    free = x(tick) + half + air;
  });
  return { ticks: kept.map(([tick]) => tick), texts: kept.map(([, text]) => text) };
}

const MINUTE = 60, HOUR = 3600, DAY = 86400;
const LENGTHS = [[1, [1, 2, 5, 10, 15, 30]], [MINUTE, [1, 2, 5, 10, 15, 30]], [HOUR, [1, 2, 3, 6, 12]], [DAY, [1, 2, 5, 10, 20, 50, 100]]].flatMap(([unit, steps]) => steps.map(step => step * unit));
function roundStep(raw) {
  const power = 10 ** Math.floor(Math.log10(raw));
  return [1, 2, 2.5, 5, 10].map(k => k * power).find(step => step >= raw * 0.9999) ?? 10 * power;
}
const lengthStep = raw => LENGTHS.find(step => step >= raw) ?? roundStep(raw / DAY) * DAY;

/** The round amount next to `raw`; counts have no halves. */
function roundIn(raw, unit) {
  if (unit === "second") return lengthStep(raw);
  const step = roundStep(raw);
  return unit !== "count" || step % 1 === 0 ? step : [1, 2, 5].find(whole => whole >= step);
}
/** Round amounts from 0 to `top`, at most `most` steps. */
export function valueTicks(top, unit, most = 4) {
  if (!(top > 0)) return [0];
  const step = roundIn(top / most, unit);
  return Array.from({ length: Math.floor(top / step * 1.0001) + 1 }, (_, i) => step * i);
}
/** Round amounts inside [low, high]: 1, 2, 5 of each decade on a log scale. */
export function rangeTicks(low, high, unit, isLog, most = 9) {
  if (isLog) return logTicks(low, high, unit);
  const step = roundIn((high - low) / most, unit), out = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k++) out.push(k * step);
  return out;
}
function logTicks(low, high, unit) {
  if (unit === "second") return [1, 10, MINUTE, 600, HOUR, 6 * HOUR, 2 * DAY, 14 * DAY].filter(step => step >= low && step <= high);
  const from = Math.floor(Math.log10(low)), to = Math.ceil(Math.log10(high)), out = [];
  for (let power = from; power <= to; power++) for (const k of to - from <= 3 ? [1, 2, 5] : [1]) out.push(k * 10 ** power);
  return out.filter(step => step >= low && step <= high);
}
/** Tick texts with equal decimals; ratios and lengths of time keep their unit, it is said once for the others. */
export function tickTexts(values, unit, isLog = false) {
  if (unit === "second") return values.map(value => value === 0 ? "0" : duration(value));
  if (isLog) return values.map(value => number(value, unit, unit === "ratio" ? null : Math.max(0, -Math.floor(Math.log10(value) + 1e-9)), unit === "ratio"));
  const scale = unit === "ratio" ? 100 : 1, isWhole = values.every(value => Math.abs(value * scale - Math.round(value * scale)) < 1e-9);
  const digits = isWhole ? 0 : Math.max(1, columnDigits(values, unit) ?? 0, needed(values, scale));
  return values.map(value => number(value, unit, digits, unit === "ratio"));
}
/** Decimals that tell neighbours apart: a step of 0.25 needs two. */
function needed(values, scale) {
  const step = Math.min(...values.slice(1).map((value, i) => value - values[i])) * scale;
  if (!Number.isFinite(step)) return 0;
  const power = Math.floor(Math.log10(step) + 1e-9);
  return Math.max(0, (Math.round(step / 10 ** power * 1e6) / 1e6 % 1 > 0 ? 1 : 0) - power);
}
