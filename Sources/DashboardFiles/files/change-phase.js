// A change of the phase: which routes move, which will not and why, and what else ends.

import { el } from './dom.js';
import * as api from './api.js';
import { move, openChange } from './change.js';
import * as format from './format.js';
import { socketsOf, state } from './state.js';

const path = 'api/v1/phase';
const most = 50;

export function reviewPhase(phase) {
  const status = state.status;
  const isRemoval = Boolean(status?.phase_is_override && status.phase === phase);
  if (status?.phase === phase && !isRemoval) return undefined;
  const target = isRemoval ? status.phase_of_file : phase;
  return openChange({
    title: isRemoval ? `Let the file decide the phase again?` : `Put the migration into phase ${phase}?`,
    action: isRemoval ? 'Remove the override' : `Go to ${phase}`, danger: target === 'complete',
    review: async () => {
      const { value, revision } = await api.get(`${path}?to=${target}`);
      const { preview } = value;
      return {
        revision,
        body: [move(preview.from, preview.to), lines('Routes that move', preview.moves, 'No route moves.'), lines('Routes that stay', preview.stays, null)],
        effects: () => effects(preview),
      };
    },
    send: (revision, reason, author) => (isRemoval
      ? api.change('DELETE', path, { reason }, revision, author)
      : api.change('PUT', path, { phase, reason }, revision, author)),
  });
}

function effects(preview) {
  const moved = new Set(preview.moves.map((line) => line.route));
  const sockets = (state.routes ?? []).filter((route) => moved.has(route.name)).reduce((sum, route) => sum + socketsOf(route), 0);
  const sentences = [];
  if (preview.moves.length) sentences.push(`${format.plural(preview.moves.length, 'route')} ${preview.moves.length === 1 ? 'moves' : 'move'}, with ${format.plural(sockets, 'open socket')} of old clients.`);
  if (preview.stays.length) sentences.push(`${format.plural(preview.stays.length, 'route')} will not move against ${preview.stays.length === 1 ? 'its' : 'their'} override or hold.`);
  return [...sentences, ...preview.notes.map((note) => note.charAt(0).toUpperCase() + note.slice(1) + (/[.!?]$/.test(note) ? '' : '.'))];
}

function lines(title, list, none) {
  if (!list.length) return none ? el('p', { class: 'quiet', text: none }) : '';
  return el('div', {}, el('h3', { text: `${title} (${list.length})` }), el('ul', { class: 'moves' },
    list.slice(0, most).map((line) => el('li', {},
      el('b', { text: line.route }), ' ',
      line.served_by === line.would_be_served_by ? `stays ${line.served_by}` : `${line.served_by} → ${line.would_be_served_by}`,
      el('span', { class: 'quiet', text: ` ${line.would_be_decided_by}` }))),
    list.length > most && el('li', { class: 'quiet', text: `and ${list.length - most} more` })));
}
