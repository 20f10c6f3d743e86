// SPDX-License-Identifier: Apache-2.0
// Logging in with name and password.
import { useState, type FormEvent, type ReactNode } from 'react';
import { Problem } from '../api/client';
import { useWords } from '../lib/language';
import { useAction } from '../lib/resource';
import { useSession } from '../lib/session';
import { Button, Failure, Field } from '../ui/basic';

export function Login({ switches }: { switches: ReactNode }): ReactNode {
  const { t } = useWords();
  const { log_in } = useSession();
  const [user, set_user] = useState('');
  const [password, set_password] = useState('');
  const enter = useAction(() => log_in(user, password));
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void enter.run();
  };
  const wrong = enter.problem instanceof Problem && enter.problem.status === 401;
  return (
    <div className="login">
      <div className="login-switches">{switches}</div>
      <main className="login-box">
        <p className="login-brand">
          <svg width="26" height="26" viewBox="0 0 32 32" aria-hidden="true">
            <path d="M5 17h22c0 5.5-4.9 9-11 9S5 22.5 5 17z" fill="var(--accent)" />
            <path d="M9 13h14M16 5v8" stroke="currentColor" strokeWidth="2.5" strokeLinecap="round" />
          </svg>
          Ballast
        </p>
        <h1>{t('login.title')}</h1>
        <form onSubmit={submit}>
          <Field label={t('login.user')}>
            {(id) => <input id={id} className="input" autoComplete="username" required autoFocus value={user} onChange={(event) => set_user(event.target.value)} />}
          </Field>
          <Field label={t('login.password')}>
            {(id) => <input id={id} className="input" type="password" autoComplete="current-password" required value={password} onChange={(event) => set_password(event.target.value)} />}
          </Field>
          {wrong && <p className="field-error" role="alert">{t('login.wrong')}</p>}
          {enter.problem && !wrong && <Failure problem={enter.problem} />}
          <Button tone="main" type="submit" busy={enter.busy}>{t('login.enter')}</Button>
        </form>
        <p className="fine">{t('login.hint')}</p>
      </main>
    </div>
  );
}
