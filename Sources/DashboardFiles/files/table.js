// Tables that are sorted by their headers, filtered, and shown in parts: a thousand rows cost what two hundred do.

import { el, setText, setAttribute, arrange } from './dom.js';
import { exact, none } from './format.js';

const mostAtOnce = 200;

/**
 * A table whose rows are known by a key.
 *
 * `columns`: `{id, title, hint, number, sort(row), make(cell), fill(cell, row)}`; without `fill` a column shows what
 * `text(row)` says. `group` puts a header above neighbours of the same group. `step` rows are shown at first.
 */
export class Table {
  constructor(place, { caption, columns, key, empty, sorted, rowClass, step = mostAtOnce }) {
    Object.assign(this, { columns, key, empty, rowClass, step, sorted: sorted ?? null, limit: step, rows: [], order: [], known: new Map() });
    this.head = el('thead', { role: 'rowgroup' });
    this.body = el('tbody', { role: 'rowgroup' });
    this.message = el('p', { class: 'blank' });
    this.more = el('button', { type: 'button', class: 'plain', onclick: () => { this.limit += this.step; this.draw(); } });
    this.foot = el('p', { class: 'foot', hidden: true }, el('span', {}), ' ', this.more);
    this.table = el('table', { role: 'table' }, el('caption', { class: 'unseen', text: caption }), this.head, this.body);
    this.drawHead();
    place.replaceChildren(this.table, this.message, this.foot);
  }

  get shown() {
    return this.columns.filter((column) => !column.hidden);
  }

  drawHead() {
    const columns = this.shown;
    const groups = [];
    for (const column of columns) {
      const last = groups.at(-1);
      if (last && last.name === (column.group ?? '')) last.span += 1;
      else groups.push({ name: column.group ?? '', span: 1, side: column.side });
    }
    const rows = [];
    if (groups.some((group) => group.name)) {
      rows.push(el('tr', { role: 'row', class: 'groups' }, groups.map((group) => group.name
        ? el('th', { role: 'columnheader', scope: 'colgroup', colspan: group.span, class: group.side }, group.name)
        : el('td', { role: 'cell', colspan: group.span }))));
    }
    rows.push(el('tr', { role: 'row' }, columns.map((column) => {
      const isSorted = this.sorted?.id === column.id;
      return el('th', {
        role: 'columnheader', scope: 'col', class: column.number && 'number', title: column.hint,
        'aria-sort': isSorted ? (this.sorted.down ? 'descending' : 'ascending') : column.sort && 'none',
        'data-column': column.id,
      }, column.sort
        ? el('button', { type: 'button', class: 'sort', onclick: () => this.sort(column) },
          column.group ? el('span', { class: 'unseen', text: `${column.group}: ` }) : null, column.title,
          el('i', { 'aria-hidden': 'true' }))
        : el('span', { class: column.quiet && 'unseen', text: column.title }));
    })));
    this.head.replaceChildren(...rows);
  }

  sort(column) {
    const down = this.sorted?.id === column.id ? !this.sorted.down : Boolean(column.number);
    this.sorted = { id: column.id, down };
    const focused = document.activeElement?.closest('[data-column]')?.dataset.column;
    this.drawHead();
    if (focused) this.head.querySelector(`[data-column="${CSS.escape(focused)}"] button`)?.focus();
    this.draw();
  }

  /** Rows do not change places under a pointer that is about to press, or away from who has the focus. */
  get isHeld() {
    return this.body.matches(':hover') || this.body.contains(document.activeElement);
  }

  /** Rows in the order in which they are shown, all of them. */
  get ordered() {
    const column = this.columns.find((each) => each.id === this.sorted?.id);
    if (!column) return this.rows;
    const sign = this.sorted.down ? -1 : 1;
    return this.rows
      .map((row, index) => ({ row, index, value: column.sort(row) }))
      .sort((left, right) => sign * compare(left.value, right.value) || left.index - right.index)
      .map((each) => each.row);
  }

  /** `blank`: what is said where there is no row. */
  set(rows, blank = this.empty) {
    this.rows = rows;
    this.blank = blank;
    this.draw(this.isHeld);
  }

  draw(isHeld = false) {
    let rows = this.ordered;
    if (isHeld) {
      const before = new Map(this.order.map((key, place) => [key, place]));
      const place = (row) => before.get(this.key(row)) ?? Infinity;
      rows = rows.map((row) => [place(row), row]).sort(([left], [right]) => (left === right ? 0 : left - right)).map(([, row]) => row);
    }
    rows = rows.slice(0, this.limit);
    this.order = rows.map(this.key);
    const nodes = rows.map((row) => {
      const key = this.key(row);
      const known = this.known.get(key) ?? this.make(key);
      this.fill(known, row);
      return known.node;
    });
    arrange(this.body, nodes);
    if (this.known.size > 2 * nodes.length + this.step) {
      const kept = new Set(rows.map(this.key));
      for (const key of this.known.keys()) if (!kept.has(key)) this.known.delete(key);
    }
    this.table.hidden = !rows.length;
    this.message.hidden = rows.length > 0;
    setText(this.message, rows.length ? '' : this.blank ?? '');
    const rest = this.rows.length - rows.length;
    this.foot.hidden = rest <= 0;
    setText(this.foot.firstChild, `${exact(rows.length)} of ${exact(this.rows.length)} rows`);
    setText(this.more, `Show ${exact(Math.min(this.step, rest))} more`);
  }

  make(key) {
    const cells = this.shown.map((column) => {
      const cell = el(column.isName ? 'th' : 'td', {
        role: column.isName ? 'rowheader' : 'cell', scope: column.isName && 'row',
        class: [column.number && 'number', column.class, column.side].filter(Boolean).join(' ') || null,
        'data-label': [column.group, column.title].filter(Boolean).join(' '),
      });
      column.make?.(cell, key);
      return cell;
    });
    const known = { node: el('tr', { role: 'row' }, cells), cells };
    this.known.set(key, known);
    return known;
  }

  fill(known, row) {
    setAttribute(known.node, 'class', this.rowClass?.(row) || null);
    this.shown.forEach((column, index) => {
      const cell = known.cells[index];
      if (column.fill) column.fill(cell, row);
      else setCell(cell, column.text(row));
    });
  }

  /** Columns came or went: all rows are made anew. */
  reshape() {
    this.known.clear();
    this.body.replaceChildren();
    this.drawHead();
  }
}

/** What a cell says; one that says nothing takes no room where room is scarce. */
export function setCell(cell, text) {
  setText(cell, text);
  setAttribute(cell, 'data-none', text === none ? '' : null);
}

function compare(left, right) {
  if (typeof left === 'string' || typeof right === 'string') return String(left ?? '').localeCompare(String(right ?? ''), 'en', { numeric: true });
  return (left ?? -1) - (right ?? -1);
}
