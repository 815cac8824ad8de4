// Brings the page to life: one stream of samples, and the rest of the API read again when the stream says that it changed.

import { byID, setText } from './dom.js';
import * as api from './api.js';
import * as format from './format.js';
import { state } from './state.js';
import * as events from './events.js';
import * as overview from './overview.js';
import * as phases from './phases.js';
import * as pools from './pools.js';
import * as routes from './routes.js';
import * as usage from './usage.js';
import * as verdicts from './verdicts.js';

/** Samples come every 2 s: nothing for so long is no stream any more. */
const patience = 9000;
/** The ledger is read this often, or less often where that takes long: its reader is busy a twentieth of the time. */
const usageEvery = 10_000;
/** A page that nobody sees lets go of its stream after so long. */
const hiddenFor = 30_000;

// MARK: What is read when something changed

/** Runs one request at a time; asked again meanwhile, it runs once more. */
function reader(read) {
  let running = null;
  let again = false;
  return function ask() {
    if (running) {
      again = true;
      return running;
    }
    running = (async () => {
      try {
        do {
          again = false;
          await read();
        } while (again);
      } catch (error) {
        if (!(error instanceof api.Problem)) throw error;
        // The stream says whether the proxy is there; what failed here is asked again with the next news.
        if (error.status === 401) link?.abort();
      } finally {
        running = null;
      }
    })();
    return running;
  };
}

const readState = reader(async () => {
  const [status, all, upstreams] = await Promise.all(['status', 'routes', 'pools'].map((each) => api.get(`api/v1/${each}`)));
  state.status = status.value;
  state.routes = all.value.routes;
  state.pools = upstreams.value.pools;
  state.revision = status.value.revision;
  poolsDue = Date.now() + poolsEvery;
  redraw();
  verdicts.draw();
});

const poolsEvery = 10_000;
let poolsDue = 0;

/** Upstreams that nothing is connected to are asked when somebody looks. */
const readPools = reader(async () => {
  state.pools = (await api.get('api/v1/pools')).value.pools;
  redraw();
});

const readEvents = reader(async () => {
  const last = state.events.at(-1)?.id ?? 0;
  const { value } = await api.get(`api/v1/events?limit=500${last ? `&after=${last}` : ''}`);
  state.events = [...state.events, ...value.events.filter((event) => event.id > last)].slice(-1000);
  if (byID('events-which').value === 'audit') await readAudit();
  events.draw();
});

let usageDue = 0;

async function readAudit() {
  state.audit = (await api.get('api/v1/audit?limit=200')).value.entries;
}

const readUsage = reader(async () => {
  const began = Date.now();
  const since = byID('usage-since').value;
  try {
    const [clients, days] = await Promise.all([
      api.get(`api/v1/usage?since=${since}&by=app,version,tenant,origin`), api.get('api/v1/usage?since=29d&by=day'),
    ]);
    state.usage = clients.value;
    state.days = days.value;
    state.usageProblem = null;
  } catch (error) {
    if (error.status !== 409 && error.status !== 503) throw error;
    state.usageProblem = error.message;
  } finally {
    usageDue = Date.now() + Math.max(usageEvery, 20 * (Date.now() - began));
  }
  overview.drawLedger();
  usage.draw();
  verdicts.draw();
  drawNotice();
});

// MARK: The stream

let link = null;
let lastNews = null;
let lastEvent = null;
let startedAt = null;

function receive(name, value) {
  lastNews = Date.now();
  if (name === 'history') begin(value);
  else if (name === 'sample') sampled(value);
}

/** A stream begins with what it knows already. */
function begin(history) {
  if (startedAt !== history.started_at) {
    // Another process: none of the old one's figures may stand for its own.
    Object.assign(state, { events: [], status: null, routes: null, pools: null, revision: null });
    startedAt = history.started_at;
  }
  state.mayChange = history.access === 'write';
  state.liveRoutes.clear();
  state.livePools.clear();
  state.history = history.points.map((point) => ({ ...point, at: Date.parse(point.at) }));
  state.interval = history.interval_ms;
  lastEvent = null;
  setText(byID('version'), history.version);
  byID('leave').hidden = !api.token.get();
  ask(false);
  byID('page').hidden = false;
  readUsage();
}

function sampled(sample) {
  if (sample.revision !== state.revision || !state.routes) readState();
  if (sample.last_event !== lastEvent) {
    lastEvent = sample.last_event;
    readEvents();
  }
  for (const route of sample.routes) state.liveRoutes.set(route.name, route);
  for (const pool of sample.pools) state.livePools.set(pool.upstream, pool);
  // What a sample says of a route in force is newer than what was read of it.
  for (const route of state.routes ?? []) {
    const live = state.liveRoutes.get(route.name);
    if (live) Object.assign(route, { served_by: live.served_by, unified_percent: live.unified_percent, decided_by: live.decided_by, paused: live.paused });
  }
  state.sample = sample;
  keep({ ...sample.rates, at: Date.parse(sample.at) });
  fresh();
  redraw();
}

/** The chart keeps a point for each interval, and one for now. */
function keep(point) {
  const points = state.history;
  if (points.at(-1)?.isNow) points.pop();
  point.isNow = points.length > 0 && point.at - points.at(-1).at < state.interval;
  points.push(point);
  if (points.length > 400) points.splice(0, points.length - 400);
}

let isDue = false;

function redraw() {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(() => {
    isDue = false;
    overview.draw();
    phases.draw();
    routes.draw();
    pools.draw();
    drawNotice();
  });
}

/** Those that a route is served by as things are, and that do not answer. */
function silentUpstreams() {
  const needed = new Set();
  for (const route of state.routes ?? []) {
    if (route.unified_percent < 100) needed.add(route.legacy_upstream);
    if (route.unified_percent > 0) needed.add(route.unified_upstream);
  }
  return (state.pools ?? []).filter((row) => needed.has(row.upstream) && pools.answers(row) === false).map((row) => row.upstream);
}

function drawNotice() {
  const words = [];
  const { status, sample } = state;
  if (sample?.draining) words.push('The proxy is stopping: it takes no new clients and no changes.');
  const silent = silentUpstreams();
  if (silent.length) words.push(`Routes are served by upstreams that do not answer: ${silent.join(', ')}`);
  if (status?.store_problem) words.push(`The store fails, so overrides cannot be changed: ${status.store_problem}`);
  if (status?.last_reload && !status.last_reload.succeeded) words.push(`The last reload (${format.clock(new Date(status.last_reload.at))}) changed nothing: ${status.last_reload.lines[0] ?? 'the file has errors'}`);
  if (state.usage?.problem) words.push(`The usage ledger is not written: ${state.usage.problem}`);
  if (sample?.late_workers) words.push(`${format.plural(sample.late_workers, 'worker')} ${sample.late_workers === 1 ? 'is' : 'are'} too busy to report: figures are older than they look.`);
  setText(byID('notice'), words.join('\n'));
  byID('notice').hidden = !words.length;
}

// MARK: Fresh and stale

function mark(name, text) {
  byID('link').dataset.state = name;
  setText(byID('link'), text);
}

function fresh() {
  mark('live', 'live');
  byID('stale').hidden = true;
  delete document.body.dataset.stale;
}

function stale(why) {
  mark('stale', 'no data');
  const since = lastNews ? `No data since ${format.clock(new Date(lastNews))}` : 'No data yet';
  setText(byID('stale'), `${since}: ${why}. Trying again …`);
  byID('stale').hidden = false;
  document.body.dataset.stale = '';
}

// MARK: Token

let entered = null;

/** Shows or hides the question for a token. */
function ask(isAsked, problem = '') {
  byID('signin').hidden = !isAsked;
  if (!isAsked) return undefined;
  byID('page').hidden = true;
  byID('change').close();
  byID('stale').hidden = true;
  byID('leave').hidden = true;
  delete document.body.dataset.stale;
  mark('connecting', 'token needed');
  byID('token-problem').textContent = problem;
  byID('token').value = '';
  byID('token').focus();
  return new Promise((resolve) => { entered = resolve; });
}

byID('signin').addEventListener('submit', (event) => {
  event.preventDefault();
  const text = byID('token').value.trim();
  if (!text) return;
  api.token.set(text);
  entered?.();
});

byID('leave').addEventListener('click', () => {
  api.token.forget();
  location.reload();
});

// MARK: The loop

const visible = () => new Promise((resolve) => {
  if (!document.hidden) return resolve();
  document.addEventListener('visibilitychange', () => resolve(), { once: true });
});

async function listen() {
  link = new AbortController();
  const { signal } = link;
  let heard = Date.now();
  const watch = setInterval(() => { if (Date.now() - heard > patience) link.abort(); }, 1000);
  try {
    await api.stream('api/v1/live', signal, (name, value) => {
      heard = Date.now();
      receive(name, value);
    });
  } finally {
    clearInterval(watch);
  }
}

async function run() {
  for (let failures = 0; ; failures += 1) {
    await visible();
    const before = lastNews;
    try {
      await listen();
      stale('the proxy ended the stream');
    } catch (error) {
      if (error.status === 401) {
        const had = api.token.get();
        api.token.forget();
        await ask(true, had ? 'That token is not one of this proxy\'s. Try another.' : '');
        failures = -1;
        continue;
      }
      if (document.hidden) {
        failures = -1;
        continue;
      }
      stale(error instanceof api.Problem ? error.message : 'the proxy does not answer');
    }
    if (lastNews !== before) failures = 0;
    await new Promise((resolve) => { setTimeout(resolve, Math.min(5000, 500 * 2 ** failures)); });
  }
}

document.addEventListener('visibilitychange', () => {
  const current = link;
  if (document.hidden) setTimeout(() => { if (document.hidden && current === link) link.abort(); }, hiddenFor);
});

overview.start();
phases.start();
routes.start();
usage.start(readUsage);
pools.start();
events.start(readAudit);
setInterval(() => {
  if (document.hidden || byID('page').hidden || 'stale' in document.body.dataset) return;
  if (Date.now() >= usageDue) readUsage();
  if (Date.now() >= poolsDue) {
    poolsDue = Date.now() + poolsEvery;
    readPools();
  }
}, 1000);
run();
