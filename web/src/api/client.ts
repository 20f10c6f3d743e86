// SPDX-License-Identifier: Apache-2.0
// Calls to the server. Every failure is a Problem: what the server said (RFC 9457), or that it could not be reached.

export interface ProblemDocument {
  type?: string;
  title?: string;
  status?: number;
  detail?: string;
  where?: string;
  hint?: string;
  request_id?: string;
}

export class Problem extends Error {
  readonly status: number;
  readonly document: ProblemDocument;
  constructor(status: number, document: ProblemDocument) {
    super(document.detail ?? document.title ?? `HTTP ${status}`);
    this.name = 'Problem';
    this.status = status;
    this.document = document;
  }
}

let csrf: string | null = null;
export function set_csrf(token: string | null): void {
  csrf = token;
}

let on_unauthenticated: () => void = () => undefined;
export function when_unauthenticated(handler: () => void): void {
  on_unauthenticated = handler;
}

/** "/v1/signals?risk=credit": parameters that are empty or undefined are left out. */
export function with_query(path: string, query: Readonly<Record<string, string | number | undefined | null>>): string {
  const parts = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== '') parts.set(key, String(value));
  }
  const text = parts.toString();
  return text === '' ? path : `${path}?${text}`;
}

async function problem_of(response: Response): Promise<Problem> {
  let document: ProblemDocument = {};
  try {
    document = (await response.json()) as ProblemDocument;
  } catch {
    document = { title: response.statusText || `HTTP ${response.status}` };
  }
  return new Problem(response.status, document);
}

interface Options {
  body?: unknown;
  signal?: AbortSignal;
  accept?: string;
}

async function send(method: string, path: string, options: Options): Promise<Response> {
  const headers: Record<string, string> = { Accept: options.accept ?? 'application/json' };
  if (options.body !== undefined) headers['Content-Type'] = 'application/json';
  if (method !== 'GET' && csrf !== null) headers['X-CSRF-Token'] = csrf;
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers,
      credentials: 'same-origin',
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
      ...(options.signal ? { signal: options.signal } : {}),
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new Problem(0, { title: 'unreachable' });
  }
  if (!response.ok) {
    if (response.status === 401 && path !== '/v1/session') on_unauthenticated();
    throw await problem_of(response);
  }
  return response;
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await send('GET', path, signal ? { signal } : {});
  return (await response.json()) as T;
}

export async function post<T>(path: string, body: unknown = {}, signal?: AbortSignal): Promise<T> {
  const response = await send('POST', path, signal ? { body, signal } : { body });
  return (response.status === 204 ? null : await response.json()) as T;
}

export async function change<T>(method: 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<T | null> {
  const response = await send(method, path, body === undefined ? {} : { body });
  return response.status === 204 ? null : ((await response.json()) as T);
}

export interface ServerEvent {
  event: string;
  data: string;
}

/** Cuts the text of an event stream into whole events; returns them and what is left over. */
export function parse_events(buffer: string): { events: ServerEvent[]; rest: string } {
  const events: ServerEvent[] = [];
  const blocks = buffer.replaceAll('\r\n', '\n').split('\n\n');
  const rest = blocks.pop() ?? '';
  for (const block of blocks) {
    let event = 'message';
    const data: string[] = [];
    for (const line of block.split('\n')) {
      if (line.startsWith('event:')) event = line.slice(6).trim();
      else if (line.startsWith('data:')) data.push(line.slice(line[5] === ' ' ? 6 : 5));
    }
    if (data.length > 0) events.push({ event, data: data.join('\n') });
  }
  return { events, rest };
}

/** Posts and reads the answer as server-sent events (EventSource cannot post). */
export async function post_stream(
  path: string,
  body: unknown,
  on_event: (event: ServerEvent) => void,
  signal?: AbortSignal,
): Promise<void> {
  const response = await send('POST', path, { body, accept: 'text/event-stream', ...(signal ? { signal } : {}) });
  const kind = response.headers.get('Content-Type') ?? '';
  if (!kind.includes('text/event-stream') || response.body === null) {
    on_event({ event: 'done', data: await response.text() });
    return;
  }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    const parsed = parse_events(buffer + value);
    buffer = parsed.rest;
    parsed.events.forEach(on_event);
  }
}
