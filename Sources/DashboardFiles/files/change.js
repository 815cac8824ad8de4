// The dialog that every change goes through: what it will affect, why it is made, and whether it was.

import { announce, byID, el } from './dom.js';
import * as api from './api.js';

const authorKey = 'shunt-author';

/**
 * Opens the dialog. `review` is asked for what the change is about, again whenever somebody else changed something:
 * it resolves to `{revision, body, effects}` where `body` is a list of nodes above the effects and `effects()` gives
 * the sentences of what will happen. `send(revision, reason, author)` does it and resolves to the API's answer.
 */
export function openChange({ title, action, danger, review, send, done }) {
  const dialog = byID('change');
  const opener = document.activeElement;
  const heading = el('h2', { id: 'change-title', text: title });
  const body = el('div', { class: 'review' }, el('p', { class: 'quiet', text: 'Looking at what it would do …' }));
  const effects = el('ul', { class: 'effects', 'aria-live': 'polite' });
  const reason = el('textarea', { id: 'reason', rows: 2, maxlength: 500, required: true, placeholder: 'Why? This is kept in the audit trail.' });
  const author = el('input', { id: 'author', maxlength: 64, autocomplete: 'name', value: localStorage.getItem(authorKey) ?? '' });
  const problem = el('p', { class: 'problem', role: 'alert' });
  const apply = el('button', { type: 'submit', class: danger ? 'danger' : 'primary', disabled: true }, action);
  let reviewed = null;

  const refresh = () => {
    if (!reviewed) return;
    effects.replaceChildren(...reviewed.effects().map((text) => el('li', { text })));
    apply.disabled = reviewed.blocked?.() ?? false;
  };
  const load = async () => {
    apply.disabled = true;
    try {
      reviewed = await review(refresh);
      body.replaceChildren(...reviewed.body);
      refresh();
    } catch (error) {
      problem.textContent = error.message;
    }
  };
  const submit = async (event) => {
    event.preventDefault();
    if (!reviewed) return;
    const why = reason.value.trim();
    if (!why) {
      problem.textContent = 'Say why: who looks at the audit trail later will ask.';
      reason.focus();
      return;
    }
    problem.textContent = '';
    apply.disabled = true;
    try {
      localStorage.setItem(authorKey, author.value.trim());
      const answer = await send(reviewed.revision, why, author.value.trim());
      dialog.close('done');
      announce([...answer.changed, ...answer.notes].join('. ') || 'Done.');
      done?.(answer);
    } catch (error) {
      if (error.status === 412 || error.status === 428) {
        problem.textContent = 'Somebody else changed something meanwhile. Nothing was done. This is how things are now: look again, then decide.';
        await load();
      } else {
        problem.textContent = [error.message, ...error.errors ?? []].join('\n');
        apply.disabled = false;
      }
    }
  };

  dialog.replaceChildren(el('form', { onsubmit: submit, novalidate: true },
    heading, body,
    el('h3', { text: 'What happens' }), effects,
    el('div', { class: 'fields' },
      el('label', { for: 'reason' }, 'Reason'), reason,
      el('label', { for: 'author' }, 'Your name ', el('span', { class: 'quiet', text: 'for the audit trail' })), author),
    problem,
    el('div', { class: 'buttons' },
      el('button', { type: 'button', onclick: () => dialog.close() }, 'Cancel'), apply)));
  dialog.onclose = () => {
    dialog.replaceChildren();
    if (opener?.isConnected) opener.focus();
  };
  dialog.showModal();
  return load();
}

/** `from → to`, for people and screen readers. */
export const move = (from, to) => el('p', { class: 'move' },
  el('span', { class: 'unseen', text: 'from ' }), el('b', { text: from }), el('span', { 'aria-hidden': 'true', text: ' → ' }),
  el('span', { class: 'unseen', text: ' to ' }), el('b', { class: 'to' }, to));

/** Where a route is on the API. */
export const routePath = (name, word = '') => `api/v1/routes/${encodeURIComponent(name)}${word}`;

export const readRoute = (name) => api.get(routePath(name));
