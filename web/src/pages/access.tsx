// SPDX-License-Identifier: Apache-2.0
// Users and API keys, for administrators.
import { useState, type FormEvent, type ReactNode } from 'react';
import { change, post } from '../api/client';
import type { Role } from '../api/types';
import { useWords } from '../lib/language';
import { useAction, useList } from '../lib/resource';
import { useSession } from '../lib/session';
import { Badge, Button, Failure, Field, Panel } from '../ui/basic';
import { ListTable } from '../ui/table';

interface User {
  name: string;
  role: Role;
  created_at: string;
  disabled: boolean;
}

interface Key {
  id: string;
  name: string;
  role: Role;
  created_at: string;
  last_used_at?: string | null;
  revoked_at?: string | null;
  key?: string;
}

const roles: readonly Role[] = ['viewer', 'analyst', 'officer', 'auditor', 'admin'];

function RoleField({ value, onChange }: { value: Role; onChange: (role: Role) => void }): ReactNode {
  const { t, name } = useWords();
  return (
    <Field label={t('access.role')}>
      {(id) => <select id={id} className="select" value={value} onChange={(event) => onChange(event.target.value as Role)}>{roles.map((role) => <option key={role} value={role}>{name('role', role)}</option>)}</select>}
    </Field>
  );
}

function Users(): ReactNode {
  const { t, f, name } = useWords();
  const { retry } = useSession();
  const list = useList<User>('/v1/users');
  const [user, set_user] = useState('');
  const [role, set_role] = useState<Role>('admin');
  const [password, set_password] = useState('');
  const add = useAction(async () => {
    await post('/v1/users', { name: user, role, password });
    set_user('');
    set_password('');
    list.reload();
    retry();
  });
  const set_disabled = useAction(async (row: User) => {
    await change('PATCH', `/v1/users/${encodeURIComponent(row.name)}`, { disabled: !row.disabled });
    list.reload();
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void add.run();
  };
  const problem = add.problem ?? set_disabled.problem;
  return (
    <Panel title={t('access.users')} flush>
      <form className="filters" onSubmit={submit}>
        <Field label={t('access.name')}>{(id) => <input id={id} className="input" required autoComplete="off" value={user} onChange={(event) => set_user(event.target.value)} />}</Field>
        <RoleField value={role} onChange={set_role} />
        <Field label={t('access.password')}>{(id) => <input id={id} className="input" type="password" required autoComplete="new-password" value={password} onChange={(event) => set_password(event.target.value)} />}</Field>
        <div className="field-button"><Button tone="main" type="submit" busy={add.busy}>{t('access.add_user')}</Button></div>
      </form>
      {problem && <Failure problem={problem} />}
      <ListTable
        label={t('access.users')}
        list={list}
        row_key={(row) => row.name}
        empty={t('access.no_users')}
        empty_hint={t('access.no_users_hint')}
        columns={[
          { head: t('access.name'), wide: true, cell: (row) => <b>{row.name}</b> },
          { head: t('access.role'), cell: (row) => name('role', row.role) },
          { head: t('access.created'), cell: (row) => f.date(row.created_at) },
          { head: t('access.state'), cell: (row) => <Badge tone={row.disabled ? 'none' : 'good'}>{row.disabled ? t('access.disabled') : t('access.active')}</Badge> },
          { head: t('operations.action'), cell: (row) => <Button tone="quiet" onClick={() => void set_disabled.run(row)}>{row.disabled ? t('access.enable') : t('access.disable')}</Button> },
        ]}
      />
    </Panel>
  );
}

function Keys(): ReactNode {
  const { t, f, name } = useWords();
  const list = useList<Key>('/v1/keys');
  const [key_name, set_key_name] = useState('');
  const [role, set_role] = useState<Role>('analyst');
  const add = useAction(async () => {
    const made = await post<Key>('/v1/keys', { name: key_name, role });
    set_key_name('');
    list.reload();
    return made;
  });
  const remove = useAction(async (id: string) => {
    await change('DELETE', `/v1/keys/${encodeURIComponent(id)}`);
    list.reload();
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void add.run();
  };
  const problem = add.problem ?? remove.problem;
  return (
    <Panel title={t('access.keys')} flush>
      <form className="filters" onSubmit={submit}>
        <Field label={t('access.name')}>{(id) => <input id={id} className="input" required autoComplete="off" value={key_name} onChange={(event) => set_key_name(event.target.value)} />}</Field>
        <RoleField value={role} onChange={set_role} />
        <div className="field-button"><Button tone="main" type="submit" busy={add.busy}>{t('access.add_key')}</Button></div>
      </form>
      {add.data?.key && <p className="note good wrap-any">{t('access.key_once')} <code>{add.data.key}</code></p>}
      {problem && <Failure problem={problem} />}
      <ListTable
        label={t('access.keys')}
        list={list}
        row_key={(row) => row.id}
        empty={t('access.no_keys')}
        columns={[
          { head: t('access.name'), wide: true, cell: (row) => <b>{row.name}</b> },
          { head: t('access.role'), cell: (row) => name('role', row.role) },
          { head: t('access.created'), cell: (row) => f.date(row.created_at) },
          { head: t('access.last_used'), cell: (row) => row.last_used_at ? f.short_time(row.last_used_at) : t('access.never') },
          { head: t('access.state'), cell: (row) => row.revoked_at ? <Badge tone="none">{t('access.revoked')}</Badge> : <Badge tone="good">{t('access.active')}</Badge> },
          { head: t('operations.action'), cell: (row) => !row.revoked_at && <Button tone="quiet" className="button quiet danger" onClick={() => void remove.run(row.id)}>{t('access.revoke')}</Button> },
        ]}
      />
    </Panel>
  );
}

export default function AccessPage(): ReactNode {
  const { t } = useWords();
  const { session } = useSession();
  if (session?.role !== 'admin') return <Panel><p className="state">{t('access.role_needed')}</p></Panel>;
  return (
    <div className="stack">
      <Users />
      <Keys />
    </div>
  );
}
