// The migration at a glance: one sentence, a row of numbers, two charts.

import { byID, el, setText } from './dom.js';
import { AreaChart, BarChart } from './charts.js';
import * as format from './format.js';
import { state, unifiedEndpointShare, unifiedShare } from './state.js';

const span = 15 * 60_000;
/** What a chart of a young proxy shows at least. */
const shortest = 2 * 60_000;
let live;
let days;
const tiles = new Map();

export function start() {
  live = new AreaChart(byID('live-chart'), {
    title: 'Messages a second by backend', note: '15 minutes',
    series: [{ name: 'legacy', label: 'legacy' }, { name: 'unified', label: 'unified' }],
  });
  days = new BarChart(byID('days-chart'), {
    title: 'Messages a day by endpoint', note: '30 days',
    series: [{ name: 'legacy', label: 'legacy' }, { name: 'unified', label: 'unified' }],
  });
  for (const [id, label] of [
    ['served', 'served by unified'], ['clients', 'sent to the unified endpoint'], ['rate', 'messages a second'],
    ['errors', 'errors a second'], ['sockets', 'client sockets'], ['sessions', 'sessions'],
  ]) {
    const value = el('span', { class: 'big' });
    const more = el('span', { class: 'quiet' });
    tiles.set(id, { value, more });
    byID('tiles').append(el('div', { class: 'tile', id: `tile-${id}` }, el('dt', { text: label }), el('dd', {}, value, more)));
  }
}

function tile(id, value, more) {
  const { value: big, more: small } = tiles.get(id);
  setText(big, value);
  setText(small, more);
}

export function draw() {
  const { sample } = state;
  if (!sample) return;
  const { rates, now, unified_sockets: unified } = sample;
  const served = unifiedShare(rates);
  const sent = unifiedEndpointShare(rates);
  tile('served', format.percent(served), served === null ? 'no messages now' : `${format.percent(100 - served)} by legacy`);
  tile('clients', format.percent(sent), sent === null ? 'no messages now' : `${format.percent(100 - sent)} to legacy ones`);
  tile('rate', format.rate(rates.legacy + rates.unified), `${format.rate(rates.legacy)} legacy, ${format.rate(rates.unified)} unified`);
  tile('errors', format.rate(rates.errors), now.exchanges ? `${format.plural(now.exchanges, 'exchange')} open` : 'no exchange open');
  const onUnified = unified.idle + unified.fan_out + unified.relay + unified.both;
  tile('sockets', format.count(now.clients), `${format.count(onUnified)} unified, ${format.count(Math.max(0, now.clients - onUnified))} legacy`);
  tile('sessions', format.count(now.sessions), `${format.count(now.connections)} upstream connections`);
  drawLive();
}

function drawLive() {
  const points = state.history.map((point) => ({ at: point.at, values: [point.legacy, point.unified], point }));
  const to = points.at(-1)?.at ?? Date.now();
  const { rates } = state.sample;
  setText(live.legend[0], `${format.rate(rates.legacy)}/s`);
  setText(live.legend[1], `${format.rate(rates.unified)}/s`);
  const from = Math.max(to - span, Math.min(points[0]?.at ?? to, to - shortest));
  live.set({
    from, to, points: points.filter((point) => point.at >= to - span),
    format: format.rate, label: to - from < span / 3 ? format.clock : format.minute, empty: 'measuring …',
    words: `Now ${format.rate(rates.legacy)} messages a second by legacy backends and ${format.rate(rates.unified)} by the unified one; ${format.percent(unifiedShare(rates))} by unified.`,
    describe: ({ at, values, point }) => `${format.clock(at)}: ${format.rate(values[0])}/s legacy, ${format.rate(values[1])}/s unified, ${format.percent(unifiedShare(point))} by unified`,
  });
}

/** The chart of days, and the sentence, from the ledger. */
export function drawLedger() {
  drawSummary();
  if (state.usageProblem) return days.set({ bars: [], format: format.count, words: state.usageProblem, empty: state.usageProblem, describe: () => '' });
  if (!state.days) return;
  const legacy = new Set(state.days.endpoints.map((each) => each.endpoint));
  const sums = new Map();
  for (const row of state.days.rows) {
    const sum = sums.get(row.day) ?? [0, 0];
    sum[legacy.has(row.endpoint) ? 0 : 1] += row.messages;
    sums.set(row.day, sum);
  }
  const bars = [];
  const last = Date.parse(`${state.days.through}T00:00Z`);
  for (let back = 29; back >= 0; back -= 1) {
    const name = new Date(last - back * 86_400_000).toISOString().slice(0, 10);
    bars.push({ day: name, label: format.day(name), values: sums.get(name) ?? [0, 0] });
  }
  const used = bars.filter((bar) => bar.values[0] + bar.values[1] > 0);
  const share = ([old, fresh]) => (old + fresh ? (100 * fresh) / (old + fresh) : null);
  const today = bars.at(-1).values;
  setText(days.legend[0], `${format.count(today[0])} today`);
  setText(days.legend[1], `${format.count(today[1])} today`);
  days.set({
    bars, format: format.count, empty: used.length ? null : 'nothing was counted yet',
    words: used.length
      ? `From ${format.day(used[0].day)} to ${format.day(used.at(-1).day)} the unified endpoint's share of messages went from ${format.percent(share(used[0].values))} to ${format.percent(share(used.at(-1).values))} a day.`
      : 'Nothing was counted yet.',
    describe: ({ day, values }) => `${format.fullDay(day)}: ${format.exact(values[0])} legacy, ${format.exact(values[1])} unified, ${format.percent(share(values))} to the unified endpoint`,
  });
}

function drawSummary() {
  const { usage } = state;
  if (state.usageProblem) return setText(byID('summary'), `Who uses the legacy endpoints is not known: ${state.usageProblem}`);
  if (usage) setText(byID('summary'), summary(usage.endpoints));
}

/** `3 of 5 legacy endpoints still in use. …` */
export function summary(endpoints) {
  const all = endpoints.length;
  if (!all) return 'There are no legacy endpoints.';
  const used = endpoints.filter((each) => each.verdict === 'in use');
  const quiet = endpoints.filter((each) => each.verdict === 'quiet');
  const safe = endpoints.filter((each) => each.verdict === 'safe to remove');
  const words = [used.length ? `${used.length} of ${format.plural(all, 'legacy endpoint')} still in use` : `None of the ${format.plural(all, 'legacy endpoint')} is in use`];
  const since = quiet.filter((each) => each.quiet_since);
  if (since.length) {
    const named = since.slice(0, 3).map((each) => `${shortName(each.endpoint)} since ${format.day(each.quiet_since)} (${each.quiet_days_watched} of ${each.quiet_days_needed} days)`);
    words.push(`quiet: ${format.list(named)}${since.length > 3 ? ` and ${since.length - 3} more` : ''}`);
  }
  if (safe.length) words.push(`safe to remove: ${safe.length > 3 ? safe.length : format.list(safe.map((each) => shortName(each.endpoint)))}`);
  return `${words.join('; ')}. ${projection(used)}`.trim();
}

export const shortName = (endpoint) => endpoint.replace(/^\/api\/ws\//, '');

function projection(used) {
  if (!used.length) return '';
  const ends = used.filter((each) => each.trend.kind === 'ends').map((each) => each.trend);
  const stays = used.filter((each) => each.trend.kind === 'not declining');
  if (stays.length) return `No end in sight: the use of ${stays.length > 3 ? `${stays.length} endpoints` : format.list(stays.map((each) => shortName(each.endpoint)))} is not declining.`;
  if (ends.length === used.length) {
    const last = ends.reduce((left, right) => (left.ends >= right.ends ? left : right));
    return `At this pace the last one is quiet about ${format.fullDay(last.ends)} (between ${format.day(last.earliest)} and ${format.fullDay(last.latest)}).`;
  }
  const watched = Math.max(0, ...used.map((each) => each.trend.days ?? 0));
  return `An end can be projected after 14 whole days; ${watched ? `there ${watched === 1 ? 'is 1' : `are ${watched}`} so far` : 'none is over yet'}.`;
}
