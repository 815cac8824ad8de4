// Changes of one route: its share, its override, pause, resume, reconnect.

import { el } from './dom.js';
import * as api from './api.js';
import { move, openChange, readRoute, routePath } from './change.js';
import { actionEffects, shareEffects } from './effects.js';
import { figures, state, why } from './state.js';

let number = 0;

/** Asks for a new share; `want` is `legacy`, `share` or `unified`. */
export function reviewShare(name, want) {
  let choice = want;
  let percent = null;
  const wished = () => (choice === 'share' ? `${percent}%` : choice);
  return openChange({
    title: `Who serves ${name}?`, action: 'Change the route',
    review: async (refresh) => {
      const { value: route, revision } = await readRoute(name);
      percent ??= route.unified_percent > 0 && route.unified_percent < 100 ? route.unified_percent : 10;
      const target = el('span', {});
      const body = [move(route.served_by, target), el('p', { class: 'quiet', text: `Now ${route.served_by}, by ${why(route)}.` }), chooser(route)];
      function chooser() {
        number += 1;
        const group = `want-${number}`;
        const slider = el('input', { type: 'range', min: 1, max: 99, step: 1, value: percent, 'aria-label': 'Share that unified serves, in percent' });
        const exact = el('input', { type: 'number', min: 0.01, max: 99.99, step: 'any', value: percent, inputmode: 'decimal', 'aria-label': 'The same as a number, in percent' });
        const option = (value, text, ...more) => el('div', { class: 'option' }, el('label', {}, el('input', {
          type: 'radio', name: group, value, checked: choice === value,
          disabled: (value === 'legacy' ? !route.legacy_upstream : value !== 'file' && !route.unified_upstream) || null,
          onchange: () => { choice = value; update(); },
        }), ` ${text}`), more);
        const pick = (value) => {
          if (!(value > 0 && value < 100)) return;
          percent = Math.round(value * 100) / 100;
          choice = 'share';
          update();
        };
        slider.addEventListener('input', () => pick(slider.valueAsNumber));
        exact.addEventListener('input', () => pick(exact.valueAsNumber));
        const steps = [1, 5, 25, 50].map((step) => el('button', { type: 'button', class: 'plain', onclick: () => pick(step) }, `${step} %`));
        const options = el('fieldset', { class: 'options' }, el('legend', { text: 'Served by' }),
          option('legacy', 'Legacy'),
          option('share', 'A share by unified:', el('div', { class: 'slider' }, slider, exact, el('span', { 'aria-hidden': 'true', text: '%' }), el('span', { class: 'steps-of' }, steps))),
          option('unified', 'Unified'),
          route.override && option('file', 'Remove the override: the file counts again'));
        function update() {
          for (const radio of options.querySelectorAll('input[type=radio]')) radio.checked = radio.value === choice;
          slider.value = percent;
          if (document.activeElement !== exact) exact.value = percent;
          target.textContent = choice === 'file' ? `the file (${route.file_says})` : wished();
          refresh();
        }
        queueMicrotask(update);
        return options;
      }
      return {
        revision, body,
        effects: () => shareEffects(route, wished(), figures(name), state),
        blocked: () => choice !== 'file' && wished() === route.served_by && route.decided_by === 'override',
      };
    },
    send: (revision, reason, author) => (choice === 'file'
      ? api.change('DELETE', routePath(name, '/override'), { reason }, revision, author)
      : api.change('PUT', routePath(name, '/override'), { served_by: wished(), reason }, revision, author)),
  });
}

const actions = {
  pause: { title: 'Pause', action: 'Pause the route', danger: true },
  resume: { title: 'Resume', action: 'Resume the route' },
  reconnect: { title: 'Reconnect', action: 'Reconnect the route' },
};

export function reviewAction(name, word) {
  const { title, action, danger } = actions[word];
  return openChange({
    title: `${title} ${name}?`, action, danger,
    review: async () => {
      const { value: route, revision } = await readRoute(name);
      return {
        revision, body: [el('p', { class: 'quiet', text: `Now ${route.paused ? 'paused' : `served by ${route.served_by}`}, by ${why(route)}.` })],
        effects: () => actionEffects(word, route, figures(name), state),
      };
    },
    send: (revision, reason, author) => api.change('POST', routePath(name, `/${word}`), { reason }, revision, author),
  });
}
