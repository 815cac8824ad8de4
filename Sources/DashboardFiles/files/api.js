// The admin API, as this page asks it: JSON, problems (RFC 9457), and one event stream.

const key = 'shunt-token';

export const token = {
  get: () => sessionStorage.getItem(key),
  set: (text) => sessionStorage.setItem(key, text),
  forget: () => sessionStorage.removeItem(key),
};

/** Why the API did not do it. `status` 0: nobody answered. */
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail || body.title || `the proxy answers ${status}`);
    this.status = status;
    this.code = body.code ?? '';
    this.title = body.title ?? '';
    this.errors = body.errors ?? [];
  }
}

// A field's value is bytes to fetch: text goes as UTF-8.
const fieldBytes = (text) => String.fromCharCode(...new TextEncoder().encode(text));

function fields(extra) {
  const all = { 'X-Shunt-Client': 'dashboard', ...extra };
  const secret = token.get();
  if (secret) all.Authorization = `Bearer ${fieldBytes(secret)}`;
  return all;
}

async function ask(method, path, { body, revision, author, accept, signal } = {}) {
  const headers = fields({ Accept: accept ?? 'application/json' });
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (revision) headers['If-Match'] = revision;
  if (author) headers['X-Shunt-Author'] = fieldBytes(author);
  let response;
  try {
    response = await fetch(path, {
      method, headers, signal, cache: 'no-store', redirect: 'error',
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem(0, { detail: 'the proxy does not answer' });
  }
  if (response.ok) return response;
  let problem = {};
  try {
    problem = await response.json();
  } catch {
    // Not this API's: the status says enough.
  }
  throw new Problem(response.status, problem);
}

/** The answer's JSON, with the revision that it is of. */
export async function get(path) {
  try {
    const response = await ask('GET', path, { signal: AbortSignal.timeout(20_000) });
    return { value: await response.json(), revision: response.headers.get('ETag') };
  } catch (error) {
    throw error instanceof Problem ? error : new Problem(0, { detail: 'the proxy does not answer in time' });
  }
}

/** Makes a change as things were at a revision. */
export async function change(method, path, body, revision, author) {
  return (await ask(method, path, { body, revision, author })).json();
}

/**
 * Reads an event stream until it ends; `receive` gets each event's name and value.
 * EventSource cannot send the token, so this is done by hand (the WHATWG's HTML standard, §9.2.6).
 */
export async function stream(path, signal, receive) {
  const response = await ask('GET', path, { accept: 'text/event-stream', signal });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split('\n\n');
    rest = blocks.pop();
    for (const block of blocks) {
      let name = 'message';
      const data = [];
      for (const line of block.split('\n')) {
        if (line.startsWith('event: ')) name = line.slice(7);
        else if (line.startsWith('data: ')) data.push(line.slice(6));
      }
      receive(data.length ? name : 'alive', data.length ? JSON.parse(data.join('\n')) : null);
    }
  }
}
