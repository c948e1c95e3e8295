// Times as people in this workspace read them. The server's clock counts, because tests may have moved it.

let ahead = 0;

/** Tell this module how far the server's clock is ahead of the wall, in seconds. */
export function setAhead(seconds) {
  ahead = seconds;
}

/** Now, in seconds, on the server's clock. */
export function now() {
  return Date.now() / 1000 + ahead;
}

const moment = (seconds) => new Date(Number(seconds) * 1000);
// Making a formatter costs far more than using one.
const formatters = new Map();

function format(seconds, options) {
  const key = JSON.stringify(options);
  if (!formatters.has(key)) formatters.set(key, new Intl.DateTimeFormat('en-GB', options));
  return formatters.get(key).format(moment(seconds));
}
const sameDay = (a, b) => moment(a).toDateString() === moment(b).toDateString();

export const time = (seconds) => format(seconds, { hour: '2-digit', minute: '2-digit' });
export const timeWithSeconds = (seconds) => format(seconds, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
export const full = (seconds) => format(seconds, { dateStyle: 'full', timeStyle: 'medium' });

/** `Today`, `Yesterday`, or the date. */
export function day(seconds) {
  return pretty(seconds, { weekday: 'long', day: 'numeric', month: 'long' }, true);
}

/** `just now`, `2 minutes ago`, … */
export function ago(seconds) {
  const passed = Math.max(0, now() - Number(seconds));
  if (passed < 60) return 'just now';
  for (const [unit, length] of [['day', 86400], ['hour', 3600], ['minute', 60]]) {
    const count = Math.floor(passed / length);
    if (count >= 1) return `${count} ${unit}${count > 1 ? 's' : ''} ago`;
  }
  return 'just now';
}

const LONG = { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' };
const SHORT = { day: 'numeric', month: 'short', year: 'numeric' };
const PLAIN = { day: 'numeric', month: 'long', year: 'numeric' };
const TOKENS = {
  date_num: (s) => format(s, { year: 'numeric', month: '2-digit', day: '2-digit' }),
  date: (s) => format(s, PLAIN),
  date_short: (s) => format(s, SHORT),
  date_long: (s) => format(s, LONG),
  date_pretty: (s) => pretty(s, PLAIN),
  date_short_pretty: (s) => pretty(s, SHORT),
  date_long_pretty: (s) => pretty(s, LONG),
  day_divider_pretty: (s) => pretty(s, LONG),
  time,
  time_secs: timeWithSeconds,
  ago,
};

/** A date in one of Slack's formats, such as `{date_short_pretty} {time}`. */
export function dated(seconds, template) {
  return template.replace(/\{(\w+)\}/g, (whole, token) => (TOKENS[token] ? TOKENS[token](seconds) : whole));
}

function pretty(seconds, options, capital = false) {
  const words = sameDay(seconds, now()) ? 'today' : sameDay(seconds, now() - 86400) ? 'yesterday' : '';
  if (!words) return format(seconds, options);
  return capital ? words[0].toUpperCase() + words.slice(1) : words;
}
