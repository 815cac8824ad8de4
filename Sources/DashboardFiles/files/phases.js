// The phase of the whole migration, as a row of steps.

import { byID, el, setAttribute } from './dom.js';
import { state } from './state.js';
import { reviewPhase } from './change-phase.js';

const phases = ['parallel', 'migrate', 'deprecate', 'complete'];
const meaning = {
  parallel: 'everything is served by the legacy backends',
  migrate: 'each route is served as its setting says',
  deprecate: 'everything by the unified backend; legacy endpoints say that they end',
  complete: 'everything by the unified backend; legacy endpoints are closed',
};
let buttons;

export function start() {
  buttons = phases.map((phase) => el('button', {
    type: 'button', title: meaning[phase], 'data-phase': phase, onclick: () => reviewPhase(phase),
  }, phase));
  byID('phases').append(
    el('ol', { class: 'steps', 'aria-label': 'Phase of the migration' }, buttons.map((button) => el('li', {}, button))),
    el('p', { id: 'phase-why', class: 'quiet' }));
}

export function draw() {
  const phase = state.sample?.phase ?? state.status?.phase;
  if (!phase) return;
  const place = phases.indexOf(phase);
  buttons.forEach((button, index) => {
    setAttribute(button, 'aria-current', index === place ? 'step' : null);
    setAttribute(button, 'data-past', index < place ? '' : null);
    button.disabled = !state.mayChange;
  });
  const status = state.status;
  byID('phase-why').textContent = status?.phase_is_override && status.phase === phase
    ? `set by hand; the file says ${status.phase_of_file}` : meaning[phase];
}
