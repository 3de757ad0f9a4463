// Numbers and times as a person reads them. The thin space before a unit keeps the two together.
const thin = "\u202f";
const dash = "–";

function isMissing(value) {
  return value === null || value === undefined || Number.isNaN(value);
}

/** Three significant digits, and no more than that where there are more before the point. */
export function number(value) {
  if (isMissing(value)) {
    return dash;
  }
  const size = Math.abs(value);
  const digits = size >= 100 || Number.isInteger(value) ? 0 : size >= 10 ? 1 : size >= 0.1 || size === 0 ? 2 : 3;
  return value.toLocaleString("en", { maximumFractionDigits: digits });
}

/** 12, 3.4 k, 1.2 M */
export function count(value) {
  return scaled(value, 1000, ["", "k", "M", "G", "T"]);
}

/** 12 B, 3.4 kB … with 1024, as PostgreSQL's pg_size_pretty. */
export function bytes(value) {
  return scaled(value, 1024, ["B", "kB", "MB", "GB", "TB", "PB"]);
}

/** With its sign. */
export function signedBytes(value) {
  return isMissing(value) ? dash : value === 0 ? "0" : `${value > 0 ? "+" : "−"}${bytes(Math.abs(value))}`;
}

function scaled(value, base, units) {
  if (isMissing(value)) {
    return dash;
  }
  let at = 0;
  let rest = value;
  while (Math.abs(rest) >= base && at < units.length - 1) {
    rest /= base;
    at++;
  }
  const text = number(at === 0 ? Math.round(rest * 100) / 100 : rest);
  return units[at] ? `${text}${thin}${units[at]}` : text;
}

/** A time in milliseconds, in the unit that suits it. */
export function ms(value) {
  if (isMissing(value)) {
    return dash;
  }
  const size = Math.abs(value);
  if (size < 1 && size > 0) {
    return `${number(value * 1000)}${thin}µs`;
  }
  return size < 1000 ? `${number(value)}${thin}ms` : seconds(value / 1000);
}

/** A time in seconds. */
export function seconds(value) {
  if (isMissing(value)) {
    return dash;
  }
  if (value < 120) {
    return `${number(value)}${thin}s`;
  }
  const minutes = value / 60;
  if (minutes < 120) {
    return `${Math.round(minutes)}${thin}min`;
  }
  const hours = minutes / 60;
  return hours < 48 ? `${number(Math.round(hours * 10) / 10)}${thin}h` : `${Math.round(hours / 24)}${thin}d`;
}

export function percent(value) {
  return isMissing(value) ? dash : `${number(value)}${thin}%`;
}

/** A value in the unit that the JSON interface names. */
export function withUnit(value, unit) {
  switch (unit) {
    case "ms":
      return ms(value);
    case "s":
      return seconds(value);
    case "bytes":
      return bytes(value);
    case "bytes/s":
      return isMissing(value) ? dash : `${bytes(value)}/s`;
    case "%":
      return percent(value);
    case "1/h":
    case "1/s":
      return isMissing(value) ? dash : `${count(value)}${unit.slice(1)}`;
    default:
      return isMissing(value) ? dash : `${count(value)}\u00a0${unit}`;
  }
}

const clock = new Intl.DateTimeFormat("en", { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
const clockShort = new Intl.DateTimeFormat("en", { hour: "2-digit", minute: "2-digit", hour12: false });
const day = new Intl.DateTimeFormat("en", { day: "numeric", month: "short" });
const dayTime = new Intl.DateTimeFormat("en", {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
  hour12: false,
});

/** A moment, with its day where that is not today. */
export function moment(text) {
  if (!text) {
    return dash;
  }
  const at = new Date(text);
  return at.toDateString() === new Date().toDateString() ? clock.format(at) : dayTime.format(at);
}

/** For the axis of a chart. */
export function tick(second, span) {
  const at = new Date(second * 1000);
  if (span <= 600) {
    return clock.format(at);
  }
  return span <= 36 * 3600 ? clockShort.format(at) : span <= 4 * 86400 ? dayTime.format(at) : day.format(at);
}

/** A moment in a chart, to the second where that says something. */
export function exact(second, span) {
  const at = new Date(second * 1000);
  return span <= 7200 ? clock.format(at) : dayTime.format(at);
}

/** How long ago. */
export function ago(text) {
  if (!text) {
    return "never";
  }
  const passed = Math.max(0, (Date.now() - new Date(text).getTime()) / 1000);
  return passed < 2 ? "now" : `${seconds(Math.round(passed))} ago`;
}
