// Connections to the upstreams, and what waits for them.

import { byID, setAttribute, setText } from './dom.js';
import * as format from './format.js';
import { state } from './state.js';
import { Table } from './table.js';

let table;
const nothing = { ready: 0, dialling: 0, retired: 0, outstanding: 0, queued: 0, queued_bytes: 0, open_breakers: 0 };
/** The stream tells only of pools that have something in them, or had. */
const live = (row) => state.livePools.get(row.upstream) ?? (state.sample ? nothing : row);

/** Whether an upstream answers: what the stream tells of its connections is newer than what was asked. */
export function answers(row) {
  const { ready, open_breakers: open } = live(row);
  if (ready || open) return Boolean(ready);
  return row.answers;
}

const amount = (id, title, hint) => ({ id, title, hint, number: true, sort: (row) => live(row)[id], text: (row) => format.count(live(row)[id]) });

export function start() {
  table = new Table(byID('pools-table'), {
    caption: 'Pools of upstream connections', key: (row) => row.upstream, empty: 'There are no upstreams.',
    columns: [
      { id: 'upstream', title: 'Upstream', isName: true, sort: (row) => row.upstream, text: (row) => row.upstream },
      { id: 'side', title: 'Side', sort: (row) => row.side, text: (row) => row.side },
      { id: 'url', title: 'Address', sort: (row) => row.url, text: (row) => row.url, class: 'path' },
      {
        id: 'answers', title: 'Answers', sort: (row) => String(answers(row)),
        fill: (cell, row) => {
          const known = answers(row);
          setText(cell, known === undefined ? 'not known' : known ? 'yes' : 'no');
          setAttribute(cell, 'data-level', known === false ? 'bad' : null);
        },
      },
      amount('ready', 'Ready', 'Connections that carry messages'),
      amount('dialling', 'Dialling'),
      amount('retired', 'Retired', 'Connections that finish what they have and take no more'),
      amount('outstanding', 'In flight', 'Exchanges that await their reply'),
      amount('queued', 'Queued', 'Messages that wait for a connection'),
      { id: 'queued_bytes', title: 'Bytes queued', number: true, sort: (row) => live(row).queued_bytes, text: (row) => format.bytes(live(row).queued_bytes) },
      {
        id: 'open_breakers', title: 'Breaker', sort: (row) => live(row).open_breakers,
        fill: (cell, row) => {
          const open = live(row).open_breakers;
          setText(cell, open ? `open on ${format.plural(open, 'worker')}` : 'closed');
          setAttribute(cell, 'data-level', open ? 'bad' : null);
        },
      },
    ],
  });
  byID('pools-filter').addEventListener('input', draw);
}

export function draw() {
  if (!state.pools) return table.set([], 'Loading …');
  const words = byID('pools-filter').value.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = state.pools.filter((row) => words.every((word) => `${row.upstream} ${row.side} ${row.url}`.toLowerCase().includes(word)));
  table.set(rows, state.pools.length ? 'No upstream fits the filter.' : 'There are no upstreams.');
}
