// Grafana's units: a value and a unit's id to text. Times are told relative to `clock.now`.
"use strict";
const clock = {now: 0, timezone: "UTC"};

function fixed(value, decimals) {
  if (decimals === undefined || decimals === null) decimals = usualDecimals(value);
  const text = value.toFixed(Math.min(20, Math.max(0, decimals)));
  return /^-0(\.0*)?$/.test(text) ? text.slice(1) : text;
}

function usualDecimals(value) {
  const size = Math.abs(value);
  if (size === 0 || size % 1 === 0) return 0;
  let wanted = -Math.floor(Math.log10(size)) + 1;
  if (size / Math.pow(10, -wanted) > 2.25) wanted += 1;
  return Math.max(0, wanted);
}

function scaled(factor, suffixes) {
  return (value, decimals) => {
    let step = 0;
    while (Math.abs(value) >= factor && step < suffixes.length - 1) { value /= factor; step += 1; }
    return fixed(value, decimals) + suffixes[step];
  };
}

const SI = ["", "k", "M", "G", "T", "P", "E", "Z", "Y"];
const IEC = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"];
const si = (unit, from = 0) => scaled(1000, SI.slice(from).map((p) => ` ${p}${unit}`));
const iec = (unit, from = 0) => scaled(1024, IEC.slice(from).map((p) => ` ${p}${unit}`));
const counted = (unit) => scaled(1000, ["", "K", "M", "B", "T"].map((p) => `${p} ${unit}`));
const suffixed = (text) => (value, decimals) => fixed(value, decimals) + text;
const short = scaled(1000, ["", " K", " Mil", " Bil", " Tri", " Quadr", " Quint"]);
const money = (sign) => {
  const number = scaled(1000, ["", "K", "M", "B", "T"]);
  return (value, decimals) => (value < 0 ? "-" : "") + sign + number(Math.abs(value), decimals);
};

const LONG = [[31556900, "year"], [604800, "week"], [86400, "day"], [3600, "hour"], [60, "min"]];
function seconds(value, decimals) {
  if (value === 0) return "0 s";
  const size = Math.abs(value);
  if (size < 1e-6) return fixed(value * 1e9, decimals) + " ns";
  if (size < 1e-3) return fixed(value * 1e6, decimals) + " µs";
  if (size < 1) return fixed(value * 1e3, decimals) + " ms";
  if (size < 60) return fixed(value, decimals) + " s";
  for (const [length, name] of LONG) {
    const from = name === "year" ? 31536000 : length;
    if (size >= from) {
      const text = fixed(value / length, decimals);
      return `${text} ${name}${name !== "min" && Math.abs(Number(text)) !== 1 ? "s" : ""}`;
    }
  }
  return fixed(value, decimals) + " s";
}

const PARTS = [
  [31536000, "year"], [2628000, "month"], [604800, "week"], [86400, "day"], [3600, "hour"],
  [60, "minute"], [1, "second"],
];
function duration(value, decimals) {
  let rest = Math.abs(value);
  if (rest === 0) return "0 seconds";
  if (rest < 1) return seconds(value, decimals);
  let left = Math.max(1, (decimals || 0) + 1);
  const told = [];
  for (const [length, name] of PARTS) {
    const count = Math.floor(rest / length);
    if (count > 0 || told.length) {
      if (count > 0) told.push(`${count} ${name}${count === 1 ? "" : "s"}`);
      rest -= count * length;
      left -= 1;
      if (left === 0) break;
    }
  }
  return told.join(", ") + (value < 0 ? " ago" : "");
}

function daysClock(value) {
  const total = Math.floor(Math.abs(value));
  const days = Math.floor(total / 86400);
  const clockText = [total % 86400 / 3600, total % 3600 / 60, total % 60]
    .map((n) => String(Math.floor(n)).padStart(2, "0")).join(":");
  return (value < 0 ? "-" : "") + (days ? `${days} d ` : "") + clockText;
}

const STEPS = [
  [44.5, () => "a few seconds"], [89.5, () => "a minute"],
  [2669.5, (s) => `${Math.round(s / 60)} minutes`], [5369.5, () => "an hour"],
  [77369.5, (s) => `${Math.round(s / 3600)} hours`], [129569.5, () => "a day"],
  [2203169.5, (s) => `${Math.round(s / 86400)} days`], [3974369.5, () => "a month"],
  [27604800, (s) => `${Math.round(s / 2629800)} months`], [47260800, () => "a year"],
  [Infinity, (s) => `${Math.round(s / 31557600)} years`],
];
function fromNow(value) {
  const ahead = value / 1000 - clock.now;
  const said = STEPS.find(([limit]) => Math.abs(ahead) < limit)[1](Math.abs(ahead));
  return ahead > 0 ? `in ${said}` : `${said} ago`;
}

const formats = new Map();
function dateParts(ms) {
  if (!formats.has(clock.timezone)) {
    formats.set(clock.timezone, new Intl.DateTimeFormat("en-GB", {
      timeZone: clock.timezone, year: "numeric", month: "2-digit", day: "2-digit",
      hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
    }));
  }
  const found = {};
  for (const part of formats.get(clock.timezone).formatToParts(new Date(ms))) found[part.type] = part.value;
  return found;
}
function iso(ms) {
  const p = dateParts(ms);
  return `${p.year}-${p.month}-${p.day} ${p.hour}:${p.minute}:${p.second}`;
}
const today = (make) => (ms) => {
  const text = make(ms);
  return text.slice(0, 10) === make(clock.now * 1000).slice(0, 10) ? text.slice(11) : text;
};

const times = (factor) => (value, decimals) => seconds(value * factor, decimals);
const UNITS = {
  none: fixed, string: (value) => String(value), short, sishort: si(""), percent: suffixed("%"),
  percentunit: (value, decimals) => fixed(value * 100, decimals) + "%",
  humidity: suffixed("%H"), dB: suffixed(" dB"), ppm: suffixed(" ppm"), pixel: suffixed(" px"),
  sci: (value, decimals) => value.toExponential(decimals ?? undefined),
  hex: (value) => Math.round(value).toString(16).toUpperCase(),
  hex0x: (value) => "0x" + Math.round(value).toString(16).toUpperCase(),
  locale: (value, decimals) => value.toLocaleString("en-US", {maximumFractionDigits: decimals ?? 2}),
  bytes: iec("B"), kbytes: iec("B", 1), mbytes: iec("B", 2), gbytes: iec("B", 3), tbytes: iec("B", 4),
  decbytes: si("B"), deckbytes: si("B", 1), decmbytes: si("B", 2), decgbytes: si("B", 3), dectbytes: si("B", 4),
  bits: iec("b"), decbits: si("b"),
  binBps: iec("B/s"), Bps: si("B/s"), binbps: iec("b/s"), bps: si("b/s"),
  KiBs: iec("B/s", 1), KBs: si("B/s", 1), MiBs: iec("B/s", 2), MBs: si("B/s", 2), pps: si("p/s"),
  cps: counted("c/s"), ops: counted("ops/s"), reqps: counted("req/s"), rps: counted("rd/s"),
  wps: counted("wr/s"), iops: counted("io/s"), eps: counted("evt/s"), mps: counted("msg/s"),
  cpm: counted("c/m"), opm: counted("ops/m"), reqpm: counted("req/m"), rpm: counted("rd/m"), wpm: counted("wr/m"),
  hertz: si("Hz"), rotrpm: suffixed(" rpm"), celsius: suffixed(" °C"), fahrenheit: suffixed(" °F"),
  kelvin: suffixed(" K"), watt: si("W"), kwatt: si("W", 1), watth: si("Wh"), volt: si("V"), amp: si("A"), joule: si("J"),
  ns: times(1e-9), "µs": times(1e-6), us: times(1e-6), ms: times(1e-3), s: seconds,
  m: times(60), h: times(3600), d: times(86400),
  dtdurations: duration, dtdurationms: (value, decimals) => duration(value / 1000, decimals),
  dthms: daysClock, dtdhms: daysClock, clocks: daysClock, clockms: (value) => daysClock(value / 1000),
  dateTimeFromNow: fromNow, dateTimeAsIso: iso, dateTimeAsIsoNoDateIfToday: today(iso),
  dateTimeAsSystem: iso, dateTimeAsUS: iso, dateTimeAsLocal: iso,
  bool: (value) => (value ? "True" : "False"), bool_yes_no: (value) => (value ? "Yes" : "No"),
  bool_on_off: (value) => (value ? "On" : "Off"),
  currencyUSD: money("$"), currencyEUR: money("€"), currencyGBP: money("£"), currencyJPY: money("¥"),
};

function unitText(value, unit, decimals) {
  if (value === null || value === undefined || Number.isNaN(value)) return "no data";
  if (value === Infinity) return "∞";
  if (value === -Infinity) return "-∞";
  if (typeof value === "string") return value;
  const own = UNITS[unit || "none"];
  if (own) return own(value, decimals);
  const colon = unit.indexOf(":");
  const [kind, text] = colon < 0 ? ["suffix", ` ${unit}`] : [unit.slice(0, colon), unit.slice(colon + 1)];
  if (kind === "prefix") return text + fixed(value, decimals);
  if (kind === "si") return si(text)(value, decimals);
  if (kind === "count") return counted(text)(value, decimals);
  if (kind === "currency") return money(text)(value, decimals);
  if (kind === "bool") { const [yes, no] = text.split("/"); return value ? yes : no; }
  if (kind === "time") return iso(value);
  return fixed(value, decimals) + text;
}
