// Two small charts in SVG: areas over time, and bars by day. Each is as wide as its place, so that its text keeps its
// size, and each says in words what it shows.

import { el, svg } from './dom.js';

const margin = { top: 8, right: 8, bottom: 20, left: 40 };
const height = 168;

/** A round number at or above, for the axis' end. */
export function roundUp(number) {
  if (!(number > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(number));
  return [1, 2, 2.5, 5, 10].map((step) => step * power).find((step) => step >= number * (1 - 1e-9));
}

/** The frame of a chart: title, legend, drawing, and a line that tells of the place under the pointer. */
export class Chart {
  constructor(figure, { title, series, note }) {
    this.series = series;
    this.width = 0;
    this.data = null;
    this.drawing = svg('svg', { role: 'img', class: 'drawing', height });
    this.detail = el('p', { class: 'detail quiet' });
    this.legend = series.map((each) => el('span', { class: 'value' }));
    figure.replaceChildren(
      el('figcaption', {},
        el('strong', { text: title }),
        note && el('span', { class: 'quiet', text: ` ${note}` }),
        el('span', { class: 'legend' }, series.map((each, index) =>
          el('span', { class: `key ${each.name}` }, el('i', { 'aria-hidden': 'true' }), `${each.label} `, this.legend[index])))),
      this.drawing, this.detail);
    this.drawing.addEventListener('pointermove', (event) => this.point(event));
    this.drawing.addEventListener('pointerleave', () => this.point(null));
    new ResizeObserver(([entry]) => {
      const width = Math.floor(entry.contentRect.width);
      if (width === this.width) return;
      this.width = width;
      this.draw();
    }).observe(figure);
  }

  get inner() {
    return { width: this.width - margin.left - margin.right, height: height - margin.top - margin.bottom };
  }

  frame(top, format, empty) {
    const { width, height: tall } = this.inner;
    const parts = [];
    for (const share of empty ? [0] : [0, 0.5, 1]) {
      const y = Math.round(margin.top + tall * (1 - share)) + 0.5;
      parts.push(svg('line', { x1: margin.left, x2: margin.left + width, y1: y, y2: y, class: share ? 'grid' : 'axis' }));
      if (!empty) parts.push(svg('text', { x: margin.left - 6, y: y + 3.5, class: 'tick end' }, format(top * share)));
    }
    if (empty) {
      parts.push(svg('text', { x: margin.left + width / 2, y: margin.top + tall / 2, class: 'tick middle' }, empty));
    }
    return parts;
  }

  tick(x, text, place = 'middle') {
    return svg('text', { x: Math.round(x), y: height - 5, class: `tick ${place}` }, text);
  }

  show(parts, words) {
    this.drawing.setAttribute('width', this.width);
    this.drawing.setAttribute('viewBox', `0 0 ${this.width} ${height}`);
    this.drawing.setAttribute('aria-label', words);
    this.drawing.replaceChildren(...parts);
  }

  set(data) {
    this.data = data;
    this.draw();
  }
}

/** Stacked areas: `data` is `{from, to, points: [{at, values}], format, label, words, empty}`. */
export class AreaChart extends Chart {
  draw() {
    if (!this.data || this.width < 80) return;
    const { from, to, points, format, label, words, empty } = this.data;
    const { width, height: tall } = this.inner;
    const top = roundUp(Math.max(0, ...points.map((point) => point.values.reduce((sum, value) => sum + value, 0))));
    const x = (at) => margin.left + (width * (at - from)) / (to - from);
    const y = (value) => margin.top + tall * (1 - value / top);
    const parts = this.frame(top, format, points.length < 2 && empty);
    if (points.length > 1) {
      let floor = points.map(() => 0);
      const lines = [];
      this.series.forEach((each, index) => {
        const roof = points.map((point, place) => floor[place] + point.values[index]);
        const upper = points.map((point, place) => `${x(point.at).toFixed(1)},${y(roof[place]).toFixed(1)}`);
        const lower = points.map((point, place) => `${x(point.at).toFixed(1)},${y(floor[place]).toFixed(1)}`).reverse();
        parts.push(svg('path', { d: `M${upper.join('L')}L${lower.join('L')}Z`, class: `area ${each.name}` }));
        lines.unshift(svg('path', { d: `M${upper.join('L')}`, class: `line ${each.name}` }));
        floor = roof;
      });
      // The lowest line last: where there is nothing above it, it is the one that is seen.
      parts.push(...lines);
    }
    for (const share of [0, 1 / 3, 2 / 3, 1]) {
      const at = from + (to - from) * share;
      parts.push(this.tick(x(at), label(at), share === 0 ? 'start' : share === 1 ? 'end' : 'middle'));
    }
    this.cursor = svg('line', { class: 'cursor', y1: margin.top, y2: margin.top + tall, visibility: 'hidden' });
    parts.push(this.cursor);
    this.show(parts, words);
    this.place = (position) => {
      const at = from + ((position - margin.left) / width) * (to - from);
      let nearest = null;
      for (const point of points) {
        if (!nearest || Math.abs(point.at - at) < Math.abs(nearest.at - at)) nearest = point;
      }
      return nearest && { x: x(nearest.at), text: this.data.describe(nearest) };
    };
  }

  point(event) {
    const found = event && this.place?.(event.offsetX);
    this.cursor?.setAttribute('visibility', found ? 'visible' : 'hidden');
    if (found) {
      this.cursor.setAttribute('x1', found.x);
      this.cursor.setAttribute('x2', found.x);
    }
    this.detail.textContent = found ? found.text : '';
  }
}

/** Stacked bars: `data` is `{bars: [{label, values}], format, words, describe, empty}`. */
export class BarChart extends Chart {
  draw() {
    if (!this.data || this.width < 80) return;
    const { bars, format, words, empty } = this.data;
    const { width, height: tall } = this.inner;
    const top = roundUp(Math.max(0, ...bars.map((bar) => bar.values.reduce((sum, value) => sum + value, 0))));
    const step = width / Math.max(1, bars.length);
    const thick = Math.max(1, Math.min(28, step - 2));
    const parts = this.frame(top, format, empty);
    bars.forEach((bar, place) => {
      let floor = margin.top + tall;
      const x = margin.left + step * place + (step - thick) / 2;
      bar.values.forEach((value, index) => {
        const high = (tall * value) / top;
        floor -= high;
        if (high > 0) {
          parts.push(svg('rect', {
            x: x.toFixed(1), y: floor.toFixed(1), width: thick.toFixed(1), height: high.toFixed(1),
            class: `area solid ${this.series[index].name}`,
          }));
        }
      });
      const every = Math.ceil(bars.length / Math.max(1, Math.floor(width / 64)));
      const isLast = place === bars.length - 1;
      if (isLast || ((bars.length - 1 - place) % every === 0 && place > 0)) {
        parts.push(this.tick(isLast ? margin.left + width : x + thick / 2, bar.label, isLast ? 'end' : 'middle'));
      }
    });
    this.show(parts, words);
    this.place = (position) => bars[Math.floor((position - margin.left) / step)];
  }

  point(event) {
    const bar = event && this.place?.(event.offsetX);
    this.detail.textContent = bar ? this.data.describe(bar) : '';
  }
}
