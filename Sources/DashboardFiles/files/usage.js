// Who still uses what: the ledger's sums by endpoint and client.

import { byID, el } from './dom.js';
import * as format from './format.js';
import { csv } from './csv.js';
import { state } from './state.js';
import { Table } from './table.js';

let table;
const sessions = (row) => (row.sessions_exact ? format.count(row.sessions) : `≈ ${format.count(row.sessions)}`);
const text = (id, title, extra = {}) => ({ id, title, sort: (row) => row[id] ?? '', text: (row) => row[id] || format.none, ...extra });
const amount = (id, title, extra = {}) => ({ id, title, number: true, sort: (row) => row[id], text: (row) => format.count(row[id]), ...extra });

const columns = [
  text('app', 'App', { isName: true, text: (row) => row.app || 'does not say' }), text('version', 'Version'),
  text('endpoint', 'Endpoint', { class: 'path' }),
  text('tenant', 'Tenant'), text('origin', 'Origin', { class: 'path' }),
  amount('messages', 'Messages'), amount('sockets', 'Sockets'),
  amount('sessions', 'Sessions', { text: sessions, hint: 'Distinct sessions; beyond 128 an estimate (standard error 3.25 %)' }),
  amount('errors', 'Errors'),
  { id: 'first_seen', title: 'First seen', sort: (row) => row.first_seen ?? '', text: (row) => (row.first_seen ? format.day(row.first_seen) : format.none) },
  { id: 'last_seen', title: 'Last seen', sort: (row) => row.last_seen ?? '', text: (row) => format.ago(row.last_seen) },
];

export function start(reload) {
  table = new Table(byID('usage-table'), {
    caption: 'Who uses which endpoint', columns, key: (row) => JSON.stringify([row.endpoint, row.app, row.version, row.tenant, row.origin]),
    step: 25, sorted: { id: 'messages', down: true }, rowClass: (row) => (isLegacy(row) ? '' : 'dim'),
  });
  byID('usage-filter').addEventListener('input', draw);
  byID('usage-which').addEventListener('change', draw);
  byID('usage-since').addEventListener('change', reload);
  byID('usage-csv').addEventListener('click', download);
}

const isLegacy = (row) => state.usage?.endpoints.some((each) => each.endpoint === row.endpoint);

function rows() {
  const words = byID('usage-filter').value.toLowerCase().split(/\s+/).filter(Boolean);
  const which = byID('usage-which').value;
  return state.usage.rows.filter((row) => {
    if (which !== 'all' && (which === 'legacy') !== isLegacy(row)) return false;
    const all = `${row.app} ${row.version} ${row.endpoint} ${row.tenant} ${row.origin}`.toLowerCase();
    return words.every((word) => all.includes(word));
  });
}

export function draw() {
  byID('usage-csv').disabled = !state.usage;
  if (state.usageProblem) return table.set([], state.usageProblem);
  if (!state.usage) return table.set([], 'Loading …');
  // What nobody says needs no column.
  let changed = false;
  for (const id of ['tenant', 'origin', 'version']) {
    const column = columns.find((each) => each.id === id);
    const hidden = !state.usage.rows.some((row) => row[id]);
    changed ||= column.hidden !== hidden;
    column.hidden = hidden;
  }
  if (changed) table.reshape();
  table.set(rows(), state.usage.rows.length ? 'Nobody fits the filter.' : 'Nobody said anything in this time.');
}

/** What is shown, in its order, all of it. */
function download() {
  const names = ['endpoint', 'app', 'version', 'tenant', 'origin', 'sockets', 'messages', 'replies', 'errors', 'sessions', 'first_seen', 'last_seen'];
  const blob = new Blob([csv(names, table.ordered)], { type: 'text/csv;charset=utf-8' });
  const link = el('a', { href: URL.createObjectURL(blob), download: `shunt-usage-${state.usage.since}-${state.usage.through}.csv` });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
