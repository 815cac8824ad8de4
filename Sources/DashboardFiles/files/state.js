// What the page knows. Kept by `main.js`, read by everything that draws.

export const state = {
  /** Whether changes are allowed; known with the first news of the stream. */
  mayChange: false,
  /** The last sample, with its routes and pools completed by those of earlier ones. */
  sample: null,
  /** By name: figures of routes and pools, each as the last sample that told of it had it. */
  liveRoutes: new Map(),
  livePools: new Map(),
  /** Points of the live chart. */
  history: [],
  status: null,
  /** As the API tells them, in the order of the file, and the revision that they are of. */
  routes: null,
  pools: null,
  revision: null,
  usage: null,
  /** The same by day, for the chart. */
  days: null,
  /** Why there is none. */
  usageProblem: null,
  events: [],
  audit: null,
};

const nothing = { messages_per_second: 0, errors_per_second: 0, exchanges: 0 };
const quietRoute = { passthrough: 0, raw: 0, collapse: 0, waiting: 0, legacy: nothing, unified: nothing };

/** A route's figures; none of them moved where the stream did not tell of it. */
export const figures = (name) => state.liveRoutes.get(name) ?? quietRoute;

export const socketsOf = (route) => {
  const live = figures(route.name);
  return live.passthrough + live.raw + live.collapse;
};

/** Share of messages that the unified upstream serves now, 0 to 100; null where there are none. */
export function unifiedShare(rates) {
  const all = rates.legacy + rates.unified;
  return all > 0 ? (100 * rates.unified) / all : null;
}

/** Share of messages that arrive on the unified endpoint. */
export function unifiedEndpointShare(rates) {
  const all = rates.at_legacy_endpoints + rates.at_unified_endpoint;
  return all > 0 ? (100 * rates.at_unified_endpoint) / all : null;
}

/** What made it so, in a few words. */
export function why(route) {
  if (route.override && route.decided_by === 'override') {
    return `override by ${route.override.by}${route.override.reason ? `: ${route.override.reason}` : ''}`;
  }
  const line = route.line ? `, line ${route.line}` : '';
  if (route.decided_by === 'phase') return `phase ${state.sample?.phase ?? state.status?.phase ?? ''}${line}`;
  if (route.decided_by === 'hold') return `hold in the file${line}`;
  return `served_by in the file${line}`;
}
