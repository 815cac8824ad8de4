// Each legacy endpoint: whether it may go, with the evidence, and who would notice.

import { byID, el } from './dom.js';
import * as format from './format.js';
import { figures, state } from './state.js';

const order = ['in use', 'quiet', 'safe to remove'];
const mostCards = 60;

export function draw() {
  const place = byID('verdict-list');
  if (state.usageProblem) return place.replaceChildren(el('p', { class: 'card blank', text: state.usageProblem }));
  if (!state.usage) return place.replaceChildren(el('p', { class: 'card blank', text: 'Loading …' }));
  const all = [...state.usage.endpoints].sort((left, right) => order.indexOf(left.verdict) - order.indexOf(right.verdict));
  if (!all.length) return place.replaceChildren(el('p', { class: 'card blank', text: 'There are no legacy endpoints.' }));
  place.replaceChildren(...all.slice(0, mostCards).map(card));
  if (all.length > mostCards) place.append(el('p', { class: 'blank', text: `${all.length - mostCards} more: shunt usage lists them all.` }));
}

function card(verdict) {
  const route = state.routes?.find((each) => each.endpoint === verdict.endpoint);
  const life = route?.life;
  return el('article', { class: 'card verdict', 'data-verdict': verdict.verdict, 'aria-label': verdict.endpoint },
    el('header', {}, el('h3', { text: verdict.endpoint }), el('span', { class: 'badge', text: verdict.verdict })),
    verdict.endpoint.includes('{') && el('p', { class: 'quiet', text: 'Values that the file does not list.' }),
    el('p', { class: 'broken' }, ...broken(verdict)),
    users(verdict),
    el('dl', { class: 'facts' },
      fact('Judged', verdict.because),
      fact('Last used', verdict.last_seen ? `${format.ago(verdict.last_seen)}, ${format.fullDay(verdict.last_seen)}` : 'never, as far as the ledger goes'),
      verdict.quiet_since && fact('Quiet since', format.fullDay(verdict.quiet_since), progress(verdict)),
      fact('Watched', verdict.watched_since ? `on ${format.plural(verdict.days_watched, 'day')}, since ${format.fullDay(verdict.watched_since)}` : 'not yet'),
      fact('Trend', trend(verdict.trend)),
      route && fact('Open now', `${format.plural(sockets(route), 'socket')}, served by ${route.served_by}`),
      life && life.state !== 'open' && fact('Life', lifeText(life))));
}

const sockets = (route) => {
  const live = figures(route.name);
  return live.passthrough + live.raw + live.collapse;
};

/** Those who used it in the quiet period. */
export function affected(verdict, now = Date.now()) {
  const first = now - Math.max(1, verdict.quiet_days_needed) * 86_400_000;
  return verdict.users.filter((user) => Date.parse(user.last_seen) >= first);
}

function broken(verdict) {
  const left = affected(verdict);
  if (verdict.verdict === 'safe to remove') return ['If it went today, ', el('b', { text: 'nobody' }), ' would notice.'];
  if (!left.length && verdict.last_seen) return [`Nobody used it in the last ${format.plural(verdict.quiet_days_needed, 'day')}, but it was `, el('b', { text: 'watched too seldom' }), ' to be sure.'];
  if (!left.length) return verdict.watched_since ? ['Nobody used it in the time that was watched, which is ', el('b', { text: 'too short' }), ' to be sure.'] : ['Not watched yet: nothing can be said.'];
  const names = left.length === 10 ? 'at least 10 clients' : format.plural(left.length, 'client');
  return ['If it went today, ', el('b', { text: names }), ` of the last ${format.plural(verdict.quiet_days_needed, 'day')} would break:`];
}

function users(verdict) {
  const left = affected(verdict);
  if (!left.length) return null;
  return el('ul', { class: 'users' }, left.map((user) => el('li', {},
    el('b', { text: user.app || 'an app that does not say' }), user.version && ` ${user.version}`,
    el('span', { class: 'quiet', text: ` ${format.plural(user.messages, 'message')} in all, the last ${format.ago(user.last_seen)}` }))));
}

const fact = (name, text, more) => el('div', {}, el('dt', { text: name }), el('dd', {}, text, more));

function progress(verdict) {
  const { quiet_days_watched: watched, quiet_days_needed: needed } = verdict;
  return el('span', { class: 'progress' }, el('progress', { max: Math.max(1, needed), value: Math.min(watched, needed), 'aria-label': 'Quiet days' }), ` ${watched} of ${needed} days`);
}

function trend(trend) {
  if (trend.kind === 'ends') return `ends about ${format.fullDay(trend.ends)}, between ${format.day(trend.earliest)} and ${format.fullDay(trend.latest)} (95 %)`;
  if (trend.kind === 'too little data') return `too little data: ${format.plural(trend.days ?? 0, 'whole day')} of 14`;
  return trend.kind;
}

function lifeText(life) {
  const words = [life.state];
  if (life.sunset) words.push(`sunset ${format.fullDay(life.sunset)}`);
  if (life.brownout) words.push(`brownout of ${life.brownout.share} from ${life.brownout.from.replace('T', ' ')} until ${life.brownout.until.replace('T', ' ')}`);
  return words.join(', ');
}
