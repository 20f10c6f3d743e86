// SPDX-License-Identifier: Apache-2.0
// Reading from the server inside components: one answer, a paged list, or an action a person starts.
import { useCallback, useEffect, useRef, useState } from 'react';
import { get, Problem, with_query } from '../api/client';
import type { Page } from '../api/types';

export interface Resource<T> {
  data: T | null;
  problem: Problem | null;
  loading: boolean;
  reload(): void;
}

function as_problem(error: unknown): Problem {
  return error instanceof Problem ? error : new Problem(0, { title: 'unexpected', detail: String(error) });
}

/** GETs `path` (null: nothing yet). What was shown stays while the same path is read again. */
export function useResource<T>(path: string | null): Resource<T> {
  const [state, set_state] = useState<{ path: string | null; data: T | null; problem: Problem | null; loading: boolean }>({
    path: null, data: null, problem: null, loading: path !== null,
  });
  const [turn, set_turn] = useState(0);
  useEffect(() => {
    if (path === null) {
      set_state({ path, data: null, problem: null, loading: false });
      return undefined;
    }
    const stop = new AbortController();
    set_state((old) => (old.path === path ? { ...old, loading: true } : { path, data: old.data, problem: null, loading: true }));
    get<T>(path, stop.signal).then(
      (data) => set_state({ path, data, problem: null, loading: false }),
      (error: unknown) => {
        if (!stop.signal.aborted) set_state({ path, data: null, problem: as_problem(error), loading: false });
      },
    );
    return () => stop.abort();
  }, [path, turn]);
  const reload = useCallback(() => set_turn((n) => n + 1), []);
  return { data: state.data, problem: state.problem, loading: state.loading, reload };
}

export interface PagedList<T> {
  items: T[];
  problem: Problem | null;
  loading: boolean;
  more: boolean;
  load_more(): void;
  reload(): void;
  change(update: (items: T[]) => T[]): void;
}

/** A list that is read page by page. */
export function useList<T>(path: string | null): PagedList<T> {
  const [items, set_items] = useState<T[]>([]);
  const [next, set_next] = useState<string | null>(null);
  const [problem, set_problem] = useState<Problem | null>(null);
  const [loading, set_loading] = useState(path !== null);
  const [turn, set_turn] = useState(0);
  const current = useRef<string | null>(null);
  useEffect(() => {
    if (path === null) {
      set_items([]);
      set_loading(false);
      return undefined;
    }
    const stop = new AbortController();
    if (current.current !== path) set_problem(null);
    current.current = path;
    set_loading(true);
    get<Page<T>>(path, stop.signal).then(
      (page) => {
        set_items(page.items);
        set_next(page.next ?? null);
        set_problem(null);
        set_loading(false);
      },
      (error: unknown) => {
        if (stop.signal.aborted) return;
        set_items([]);
        set_problem(as_problem(error));
        set_loading(false);
      },
    );
    return () => stop.abort();
  }, [path, turn]);
  const load_more = (): void => {
    if (path === null || next === null || loading) return;
    set_loading(true);
    const [base = '', query = ''] = path.split('?');
    get<Page<T>>(with_query(base, { ...Object.fromEntries(new URLSearchParams(query)), cursor: next })).then(
      (page) => {
        if (current.current !== path) return;
        set_items((old) => [...old, ...page.items]);
        set_next(page.next ?? null);
        set_loading(false);
      },
      (error: unknown) => {
        set_problem(as_problem(error));
        set_loading(false);
      },
    );
  };
  const reload = useCallback(() => set_turn((n) => n + 1), []);
  return { items, problem, loading, more: next !== null, load_more, reload, change: set_items };
}

export interface Action<A extends unknown[], T> {
  run(...args: A): Promise<T | null>;
  data: T | null;
  problem: Problem | null;
  busy: boolean;
  clear(): void;
}

/** Something a person starts: its answer, its problem, and whether it is under way. A newer run wins over an older one. */
export function useAction<A extends unknown[], T>(act: (...args: A) => Promise<T>): Action<A, T> {
  const [data, set_data] = useState<T | null>(null);
  const [problem, set_problem] = useState<Problem | null>(null);
  const [busy, set_busy] = useState(false);
  const turn = useRef(0);
  const run = async (...args: A): Promise<T | null> => {
    turn.current += 1;
    const mine = turn.current;
    set_busy(true);
    set_problem(null);
    try {
      const answer = await act(...args);
      if (turn.current === mine) set_data(answer);
      return answer;
    } catch (error) {
      if (turn.current === mine) set_problem(as_problem(error));
      return null;
    } finally {
      if (turn.current === mine) set_busy(false);
    }
  };
  const clear = (): void => {
    turn.current += 1;
    set_data(null);
    set_problem(null);
    set_busy(false);
  };
  return { run, data, problem, busy, clear };
}
