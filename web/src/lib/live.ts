// SPDX-License-Identifier: Apache-2.0
// One event stream for the whole dashboard; pages listen to the kinds they show.
import { useEffect, useRef, useSyncExternalStore } from 'react';

type Listener = (data: unknown) => void;
const kinds = ['signal', 'alert', 'case', 'decision', 'job'] as const;
export type LiveKind = (typeof kinds)[number];
export type LiveState = 'off' | 'connecting' | 'live' | 'lost';

const listeners = new Map<LiveKind, Set<Listener>>();
const watchers = new Set<() => void>();
let source: EventSource | null = null;
let state: LiveState = 'off';

function become(next: LiveState): void {
  if (state === next) return;
  state = next;
  for (const watcher of watchers) watcher();
}

export function start_live(): void {
  if (source !== null) return;
  become('connecting');
  source = new EventSource('/v1/stream?topics=signals,alerts,cases,decisions,jobs');
  source.onopen = () => become('live');
  // The browser tries again by itself, unless the server refused for good.
  source.onerror = () => {
    become('lost');
    if (source?.readyState === EventSource.CLOSED) {
      source = null;
      setTimeout(start_live, 10_000);
    }
  };
  for (const kind of kinds) {
    source.addEventListener(kind, (event) => {
      let data: unknown;
      try {
        data = JSON.parse((event as MessageEvent<string>).data);
      } catch {
        return;
      }
      listeners.get(kind)?.forEach((listener) => listener(data));
    });
  }
}

export function useLiveState(): LiveState {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => state,
  );
}

export function useLive<T>(kind: LiveKind, listener: (data: T) => void): void {
  const latest = useRef(listener);
  latest.current = listener;
  useEffect(() => {
    const call: Listener = (data) => latest.current(data as T);
    const set = listeners.get(kind) ?? new Set<Listener>();
    listeners.set(kind, set);
    set.add(call);
    return () => {
      set.delete(call);
    };
  }, [kind]);
}
