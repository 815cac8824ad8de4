// The routes: what serves each, why, how well either side does, and the buttons that change it.

import { byID, el, setAttribute, setText } from './dom.js';
import * as format from './format.js';
import { figures, socketsOf, state, why } from './state.js';
import { Table, setCell } from './table.js';
import { reviewAction, reviewShare } from './change-route.js';

let table;
const origin = { override: 'override', hold: 'hold', phase: 'phase', file: 'file' };

/** What the file says where something else is in force. */
const shadowed = (route) => (route.decided_by !== 'file' && route.file_says !== route.served_by ? `the file says ${route.file_says}` : '');

const wantOf = (route) => (route.unified_percent === 0 ? 'legacy' : route.unified_percent === 100 ? 'unified' : 'share');

export function start() {
  const columns = [
    { id: 'name', title: 'Route', isName: true, sort: (row) => row.name, make: makeName, fill: fillName },
    { id: 'served', title: 'Served by', sort: (row) => row.unified_percent, make: makeToggle, fill: fillToggle, class: 'served' },
    ...side('legacy', 'Legacy'), ...side('unified', 'Unified'),
    { id: 'sockets', title: 'Sockets', hint: 'Client sockets on the legacy endpoint now', number: true, sort: socketsOf, text: (row) => (row.endpoint ? format.count(socketsOf(row)) : format.none) },
    { id: 'waiting', title: 'Waiting', hint: 'Messages that wait for a resume or a flip', number: true, sort: (row) => figures(row.name).waiting, text: (row) => format.count(figures(row.name).waiting) },
    { id: 'actions', title: 'Actions', quiet: true, make: makeActions, fill: fillActions, class: 'actions' },
  ];
  table = new Table(byID('routes-table'), {
    caption: 'Routes', columns, key: (row) => row.name, empty: 'There are no routes.',
    rowClass: (row) => (row.paused ? 'paused' : ''),
  });
  byID('routes-filter').addEventListener('input', draw);
  byID('routes-which').addEventListener('change', draw);
}

function side(id, group) {
  const of = (row) => figures(row.name)[id];
  return [
    { id: `${id}-rate`, side: id, group, title: 'msg/s', hint: 'Messages a second, over the last seconds', number: true, sort: (row) => of(row).messages_per_second, text: (row) => quietly(of(row).messages_per_second) },
    {
      id: `${id}-errors`, side: id, group, title: 'errors', hint: 'Share of exchanges of the last minute that ended in an error', number: true,
      sort: (row) => of(row).error_percent,
      fill: (cell, row) => {
        const figure = of(row);
        setCell(cell, format.percent(figure.error_percent));
        setAttribute(cell, 'data-level', figure.error_percent >= 5 ? 'bad' : figure.error_percent > 0 ? 'odd' : null);
      },
    },
    {
      id: `${id}-p50`, side: id, group, title: 'p50 / p99', hint: 'Time to the first reply, over the last minute', number: true, class: 'pair',
      sort: (row) => of(row).p99_ms,
      text: (row) => format.spans(of(row).p50_ms, of(row).p99_ms),
    },
  ];
}

const quietly = (number) => (number ? format.rate(number) : format.none);

function makeName(cell) {
  cell.append(el('span', { class: 'name' }), el('span', { class: 'tag', hidden: true, text: 'paused' }), el('span', { class: 'quiet under' }));
}

function fillName(cell, row) {
  const [name, tag, under] = cell.children;
  setText(name, row.name);
  tag.hidden = !row.paused;
  const life = row.life && row.life.state !== 'open' ? ` · ${row.life.state}` : '';
  setText(under, (row.endpoint ?? 'no legacy endpoint') + life);
}

function makeToggle(cell, name) {
  const button = (want, text) => el('button', { type: 'button', 'data-want': want, onclick: () => reviewShare(name, want) }, text);
  cell.append(
    el('div', { class: 'toggle', role: 'group', 'aria-label': `Served by: ${name}` }, button('legacy', 'Legacy'), button('share', 'Share'), button('unified', 'Unified')),
    el('div', { class: 'share', 'aria-hidden': 'true' }, el('i', {})),
    el('span', { class: 'quiet under' }));
}

function fillToggle(cell, row) {
  const [toggle, share, under] = cell.children;
  const want = wantOf(row);
  for (const button of toggle.children) {
    setAttribute(button, 'aria-pressed', String(button.dataset.want === want));
    if (button.dataset.want === 'share') setText(button, want === 'share' ? row.served_by : 'Share');
    const missing = button.dataset.want === 'legacy' ? !row.legacy_upstream : !row.unified_upstream;
    button.disabled = !state.mayChange || missing;
    setAttribute(button, 'title', missing ? 'there is no such upstream' : state.mayChange ? null : 'this token may read only');
  }
  const width = `${row.unified_percent}%`;
  if (share.firstChild.style.width !== width) share.firstChild.style.width = width;
  const text = [why(row), shadowed(row)].filter(Boolean).join(' · ');
  setText(under, text);
  setAttribute(under, 'title', text);
  setAttribute(under, 'data-origin', origin[row.decided_by]);
}

function makeActions(cell, name) {
  cell.append(
    el('button', { type: 'button', 'data-action': 'pause', onclick: (event) => reviewAction(name, event.currentTarget.dataset.action) }),
    el('button', { type: 'button', 'data-action': 'reconnect', 'aria-label': `Reconnect ${name}`, title: 'Replace its upstream connections as they become idle', onclick: () => reviewAction(name, 'reconnect') }, 'Reconnect'));
}

function fillActions(cell, row) {
  const [pause, reconnect] = cell.children;
  const action = row.paused ? 'resume' : 'pause';
  setAttribute(pause, 'data-action', action);
  setText(pause, row.paused ? 'Resume' : 'Pause');
  setAttribute(pause, 'aria-label', `${row.paused ? 'Resume' : 'Pause'} ${row.name}`);
  for (const button of [pause, reconnect]) button.disabled = !state.mayChange;
}

const kinds = {
  all: () => true,
  legacy: (row) => row.unified_percent === 0,
  split: (row) => row.unified_percent > 0 && row.unified_percent < 100,
  unified: (row) => row.unified_percent === 100,
  override: (row) => row.override !== undefined,
  paused: (row) => row.paused,
  errors: (row) => figures(row.name).legacy.error_percent > 0 || figures(row.name).unified.error_percent > 0,
};

export function draw() {
  byID('readonly').hidden = state.mayChange || !state.sample;
  if (!state.routes) return table.set([], 'Loading …');
  const words = byID('routes-filter').value.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = kinds[byID('routes-which').value];
  const rows = state.routes.filter((row) => {
    if (!fits(row)) return false;
    const text = `${row.name} ${row.endpoint ?? ''} ${row.legacy_upstream ?? ''} ${row.unified_upstream ?? ''} ${row.match.join(' ')}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  table.set(rows, state.routes.length ? 'No route fits the filter.' : 'There are no routes.');
}
