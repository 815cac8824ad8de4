// What a change will do, in sentences, worked out before it is made. Nothing here touches the page.

import * as format from './format.js';

const shareOf = (text) => (text === 'legacy' ? 0 : text === 'unified' ? 100 : Number.parseFloat(text));

function traffic(route, live) {
  const sentences = [];
  const sockets = live.passthrough + live.raw + live.collapse;
  if (route.endpoint) sentences.push(`${format.plural(sockets, 'socket')} of old clients ${sockets === 1 ? 'is' : 'are'} open on ${route.endpoint}.`);
  const { legacy, unified } = live;
  const all = legacy.messages_per_second + unified.messages_per_second;
  sentences.push(all ? `${format.rate(all)} messages a second: ${format.rate(legacy.messages_per_second)} by legacy, ${format.rate(unified.messages_per_second)} by unified.` : 'No messages at the moment.');
  return sentences;
}

function compared(live) {
  const { legacy, unified } = live;
  if (!(unified.exchanges && legacy.exchanges)) return [];
  const tell = (name, side) => `${name} ${format.percent(side.error_percent)} errors, p99 ${format.milliseconds(side.p99_ms)}`;
  return [`In the last minute: ${tell('legacy', legacy)}; ${tell('unified', unified)}.`];
}

/** `to`: `legacy`, `unified`, `25%`, or `file` for the end of an override. */
export function shareEffects(route, to, live, { sample, status }) {
  const phase = sample?.phase ?? status?.phase;
  const sentences = traffic(route, live);
  if (to === 'file') {
    const wanted = phase === 'migrate' ? `the file's ${route.file_says}` : phase === 'parallel' ? 'legacy' : 'unified';
    sentences.push(`The override ${route.override?.value ?? ''} ends. Phase ${phase} then wants ${wanted}, unless the file holds the route.`);
    return sentences;
  }
  const [from, target] = [route.unified_percent, shareOf(to)];
  if (target > from) {
    const moved = target === 100 ? 'Every session' : `${format.percent(target - from)} of all sessions`;
    sentences.push(`${moved} ${target === 100 ? 'goes' : 'go'} to unified with the next message; who is there stays there.`);
    if (target < 100) sentences.push('Sessions without a token stay on legacy until 100 %. A conversation that has begun stays where it began, unless the route pins nothing.');
    if (route.endpoint) sentences.push('Old clients keep their sockets; their messages are carried over the unified connection. What only the legacy backend pushes, such as restored history, ends for them.');
  } else if (target < from) {
    sentences.push(`${target === 0 ? 'Every session' : `${format.percent(from - target)} of all sessions`} ${target === 0 ? 'goes' : 'go'} back to legacy with the next message; exchanges under way end first.`);
  } else {
    sentences.push('Who serves stays the same; only what makes it so changes.');
  }
  sentences.push(...compared(live), ...shadows(route, to, phase));
  return sentences;
}

function shadows(route, to, phase) {
  const sentences = [];
  if (route.decided_by === 'override' && route.override) sentences.push(`It replaces the override ${route.override.value} by ${route.override.by}.`);
  if (route.decided_by === 'hold') sentences.push(`The file holds this route${route.line ? ` (line ${route.line})` : ''}: the override stands above the hold.`);
  if (route.decided_by === 'phase' && phase === 'parallel' && to !== 'legacy') sentences.push('Phase parallel wants every route on legacy: this override takes the route out of it.');
  if ((phase === 'deprecate' || phase === 'complete') && to !== 'unified') sentences.push(`Phase ${phase} wants every route on unified: this override keeps the route out of it.`);
  if (route.file_says !== to) sentences.push(`The file says ${route.file_says}: a reload will not bring that back until the override is removed.`);
  return sentences;
}

export function actionEffects(word, route, live, { sample }) {
  const sentences = traffic(route, live);
  if (word === 'pause') {
    sentences.push('Its messages wait in bounded queues; clients stay connected. What finds its queue full or waits too long is answered with an error.');
    sentences.push('A pause is not kept over a restart of the proxy.');
  } else if (word === 'resume') {
    sentences.push(`${format.plural(live.waiting, 'waiting message')} ${live.waiting === 1 ? 'is' : 'are'} sent, in order.`);
  } else {
    const names = [route.legacy_upstream, route.unified_upstream].filter(Boolean);
    sentences.push(`Connections to ${format.list(names)} are replaced as they become idle: no exchange is cut.`);
  }
  if (sample?.draining) sentences.push('The proxy is stopping: it will refuse this.');
  return sentences;
}
