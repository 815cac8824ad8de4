// What happened, the newest first, and the audit trail.

import { arrange, byID, el } from './dom.js';
import * as format from './format.js';
import { state } from './state.js';

const most = 200;
const known = new Map();

export function start(loadAudit) {
  byID('events-filter').addEventListener('input', draw);
  byID('events-which').addEventListener('change', async () => {
    if (byID('events-which').value === 'audit') await loadAudit();
    draw();
  });
}

function line(key, level, at, what, text) {
  let node = known.get(key);
  if (!node) {
    const date = new Date(at);
    node = el('li', { 'data-level': level },
      el('time', { datetime: at, title: at }, isToday(date) ? format.clock(date) : `${format.day(at)} ${format.minute(date)}`),
      el('span', { class: 'kind', text: what }), el('span', { class: 'what', text }));
    known.set(key, node);
  }
  return node;
}

const isToday = (date) => date.toDateString() === new Date().toDateString();

function lines() {
  if (byID('events-which').value === 'audit') {
    return (state.audit ?? []).map((entry) => ({
      key: `a${entry.id}`, level: 'info', at: entry.at, kind: entry.action,
      text: `${entry.subject || 'the proxy'}: ${[entry.from, entry.to].filter(Boolean).join(' → ')} by ${entry.by}${entry.reason ? `: ${entry.reason}` : ''}`,
    }));
  }
  const problems = byID('events-which').value === 'problems';
  return state.events.filter((event) => !problems || event.level !== 'info')
    .map((event) => ({ key: `${state.status?.started_at}/${event.id}`, level: event.level, at: event.at, kind: event.kind, text: event.text })).reverse();
}

export function draw() {
  const words = byID('events-filter').value.toLowerCase().split(/\s+/).filter(Boolean);
  const all = lines();
  const fitting = all.filter((each) => words.every((word) => `${each.kind} ${each.text}`.toLowerCase().includes(word))).slice(0, most);
  const place = byID('events-list');
  if (!fitting.length) {
    return place.replaceChildren(el('p', { class: 'blank', text: all.length ? 'Nothing fits the filter.' : 'Nothing happened yet.' }));
  }
  let listing = place.querySelector('ol');
  if (!listing) {
    listing = el('ol', { class: 'log', 'aria-label': 'Events, the newest first' });
    place.replaceChildren(listing);
  }
  if (known.size > 4 * most) known.clear();
  arrange(listing, fitting.map((each) => line(each.key, each.level, each.at, each.kind.replaceAll('_', ' '), each.text)));
}
