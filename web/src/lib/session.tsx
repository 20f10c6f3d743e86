// SPDX-License-Identifier: Apache-2.0
// Who is here and what they may do. The server decides; the dashboard only hides what would be refused.
import { createContext, useContext, useEffect, useState, type ReactNode } from 'react';
import { change, get, post, Problem, set_csrf, when_unauthenticated } from '../api/client';
import type { Role, Session } from '../api/types';
import { start_live } from './live';

const ranks: Readonly<Record<Role, number>> = { viewer: 1, auditor: 1, analyst: 2, officer: 3, admin: 4 };

export interface SessionState {
  session: Session | null;
  problem: Problem | null;
  log_in(user: string, password: string): Promise<void>;
  log_out(): Promise<void>;
  retry(): void;
  /** Whether the person's role reaches this one; an auditor reads everything and writes nothing. */
  may(role: Role): boolean;
  may_audit: boolean;
  has(feature: string): boolean;
}

const Context = createContext<SessionState | null>(null);

export function SessionProvider({ children }: { children: ReactNode }): ReactNode {
  const [session, set_session] = useState<Session | null>(null);
  const [problem, set_problem] = useState<Problem | null>(null);
  const [turn, set_turn] = useState(0);
  const take = (next: Session): void => {
    set_csrf(next.csrf);
    set_session(next);
    set_problem(null);
    if (next.mode !== 'none') start_live();
  };
  useEffect(() => {
    get<Session>('/v1/session').then(take, (error: unknown) =>
      set_problem(error instanceof Problem ? error : new Problem(0, { title: 'unexpected', detail: String(error) })),
    );
  }, [turn]);
  useEffect(() => {
    when_unauthenticated(() =>
      set_session((old) => (old && old.mode !== 'open' ? { ...old, mode: 'none', user: null, role: null, csrf: null } : old)),
    );
  }, []);
  const value: SessionState = {
    session,
    problem,
    log_in: async (user, password) => take(await post<Session>('/v1/session', { user, password })),
    log_out: async () => {
      await change('DELETE', '/v1/session');
      location.assign('/');
    },
    retry: () => {
      set_problem(null);
      set_turn((n) => n + 1);
    },
    may: (role) => (session?.role ? ranks[session.role] >= ranks[role] : false),
    may_audit: session?.role === 'auditor' || session?.role === 'admin',
    has: (feature) => session?.features[feature] !== false,
  };
  return <Context.Provider value={value}>{children}</Context.Provider>;
}

export function useSession(): SessionState {
  const value = useContext(Context);
  if (value === null) throw new Error('useSession outside SessionProvider');
  return value;
}
