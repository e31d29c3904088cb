// Instants in the display zone of the document. Milliseconds since 1970 in, calendar parts out.
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAY = 86400e3, two = n => String(n).padStart(2, "0");
const known = new Map();

function clockOf(zone) {
  if (!known.has(zone)) {
    const parts = { timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" };
    try { known.set(zone, new Intl.DateTimeFormat("en-US", parts)); } catch { known.set(zone, null); }
  }
  return known.get(zone);
}

/** Milliseconds that the zone's wall clock is ahead of UTC; 0 for a zone the browser does not know. */
function ahead(ms, zone) {
  const clock = zone === "UTC" ? null : clockOf(zone);
  if (!clock) return 0;
  const part = Object.fromEntries(clock.formatToParts(ms).map(one => [one.type, Number(one.value)]));
  return Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute, part.second) - Math.floor(ms / 1000) * 1000;
}
const local = (ms, zone) => new Date(ms + ahead(ms, zone));

/** The instant at which the zone's calendar day begins, `days` after the one that holds `ms`. */
export function midnight(ms, zone, days = 0) {
  const wall = Math.floor((ms + ahead(ms, zone)) / DAY) * DAY + days * DAY, guess = wall - ahead(wall, zone);
  return wall - ahead(guess, zone);
}
const dayOf = (at, hasYear) => `${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]}${hasYear ? ` ${at.getUTCFullYear()}` : ""}`;
const clockText = at => `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`;

/** "16 Nov 14:00", with `hasYear` "16 Nov 2026 14:00". */
export function stamp(ms, zone, hasYear = false) {
  const at = local(ms, zone);
  return `${dayOf(at, hasYear)} ${clockText(at)}`;
}
/** A calendar date as "1 Nov 2026"; it has no zone. */
export const dateText = text => dayOf(new Date(text + "T00:00:00Z"), true);

/** An interval: "16 Nov 14:00 – 16:00". */
export function interval(from, to, zone) {
  const a = local(from, zone), b = local(to, zone);
  return `${dayOf(a)} ${clockText(a)} – ${dayOf(a) === dayOf(b) ? "" : dayOf(b) + " "}${clockText(b)}`;
}

/** A period as people say it: whole days by their dates (the last one included), else by stamps. */
export function span(period, zone) {
  const [from, to] = [Date.parse(period.start), Date.parse(period.end)], a = local(from, zone), b = local(to, zone), last = new Date(b - 1);
  const isWhole = at => at % DAY === 0, year = at => at.getUTCFullYear();
  if (!isWhole(a) || !isWhole(b)) return `${stamp(from, zone, year(a) !== year(b))} – ${stamp(to, zone, true)} ${zone}`;
  if (dayOf(a, true) === dayOf(last, true)) return `${dayOf(last, true)} ${zone}`;
  return `${dayOf(a, year(a) !== year(last))} – ${dayOf(last, true)} ${zone}`;
}
/** What a datetime-local field shows, and back. */
export const fieldText = (ms, zone) => local(ms, zone).toISOString().slice(0, 16);
export function fieldTime(text, zone) {
  const wall = Date.parse(text + "Z");
  return wall - ahead(wall - ahead(wall, zone), zone);
}

const CLOCK = [5, 15, 30, 60, 120, 180, 360, 720].map(minutes => minutes * 60e3), DAYS = [1, 2, 5, 7, 14], MONTH_STEPS = [1, 2, 3, 6, 12, 24, 60, 120];
function* moments(from, to, zone, least) {
  const step = CLOCK.find(one => one >= least), days = step ? 1 : DAYS.find(one => one * DAY >= least);
  const months = MONTH_STEPS.find(one => one * 30.5 * DAY >= least) ?? 120;
  for (let i = 0, night = midnight(from, zone); night <= to; night = midnight(from, zone, ++i)) {
    const at = local(night, zone), ordinal = Math.round(Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate()) / DAY);
    if (step) for (let t = 0; t < DAY; t += step) yield night + t;
    else if (days ? (ordinal + 719162) % days === 0 : at.getUTCDate() === 1 && (at.getUTCFullYear() * 12 + at.getUTCMonth()) % months === 0) yield night;
  }
}
/** Round moments of the zone inside [from, to], about `room` pixels apart, none whose words would be cut at an edge: {at, text}. */
export function timeTicks(from, to, width, zone, room = 74) {
  const least = room / width * (to - from), edge = Math.max(24 / width, 0.035) * (to - from), out = [];
  for (const at of moments(from, to, zone, least)) {
    if (at - from < edge - 1 || to - at < edge - 1) continue; // equal counts, whatever the last bit of a float says
    const day = local(at, zone), isClock = least <= CLOCK.at(-1) && clockText(day) !== "00:00";
    out.push({ at, text: isClock ? clockText(day) : least <= DAYS.at(-1) * DAY ? dayOf(day) : `${MONTHS[day.getUTCMonth()]} ${day.getUTCFullYear()}` });
  }
  return out;
}
