// Numbers and times for people.

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
const clockFormat = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
const minuteFormat = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const dayFormat = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });
const fullDayFormat = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' });

export const none = '–';

export const count = (number) => (Math.abs(number) >= 100_000 ? short : whole).format(number);
export const exact = (number) => whole.format(number);

/** A rate in one unit a second, without the unit. */
export function rate(number) {
  if (number === undefined || number === null) return none;
  if (number === 0) return '0';
  if (number < 0.05) return '<0.1';
  return number < 10 ? number.toFixed(1) : count(number);
}

/** 0 to 100; what is not quite none or all does not look so. */
export function percent(number) {
  if (number === undefined || number === null) return none;
  if (number === 0 || number === 100) return `${number} %`;
  if (number < 0.1) return '<0.1 %';
  if (number > 99.9) return '>99.9 %';
  return number < 10 || number > 99 ? `${number.toFixed(1)} %` : `${Math.round(number)} %`;
}

export function milliseconds(number) {
  if (number === undefined || number === null) return none;
  if (number < 1) return '<1 ms';
  if (number < 1000) return `${Math.round(number)} ms`;
  return `${(number / 1000).toFixed(number < 10_000 ? 1 : 0)} s`;
}

export function bytes(number) {
  for (const unit of ['B', 'KiB', 'MiB', 'GiB']) {
    if (number < 1024 || unit === 'GiB') return `${number < 10 && unit !== 'B' ? number.toFixed(1) : Math.round(number)} ${unit}`;
    number /= 1024;
  }
}

export const clock = (date) => clockFormat.format(date);
export const minute = (date) => minuteFormat.format(date);

/** A day of the ledger, `2026-11-22`: days there are UTC's. */
export const day = (text) => dayFormat.format(new Date(`${text.slice(0, 10)}T00:00Z`));
export const fullDay = (text) => fullDayFormat.format(new Date(`${text.slice(0, 10)}T00:00Z`));

/** How long ago, roughly. */
export function ago(text, now = Date.now()) {
  if (!text) return none;
  const seconds = Math.max(0, (now - Date.parse(text)) / 1000);
  if (seconds < 60) return 'just now';
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  const days = Math.floor(seconds / 86_400);
  return days === 1 ? 'yesterday' : `${days} days ago`;
}

export const plural = (number, one, many = `${one}s`) => `${exact(number)} ${number === 1 ? one : many}`;

/** `a, b and c`. */
export function list(words) {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

/** Two of them; the unit is said once where it is the same. */
export function spans(left, right) {
  if (left === undefined || right === undefined) return none;
  const [first, second] = [milliseconds(left), milliseconds(right)];
  return first.slice(-3) === second.slice(-3) ? `${first.slice(0, -3)} / ${second}` : `${first} / ${second}`;
}
