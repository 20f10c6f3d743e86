// SPDX-License-Identifier: Apache-2.0
// Cases: the list, one case with its steps, and opening a new one. Steps are never changed afterwards.
import { useState, type FormEvent, type ReactNode } from 'react';
import { post, with_query } from '../api/client';
import type { Case } from '../api/types';
import { useWords } from '../lib/language';
import { useLive } from '../lib/live';
import { useAction, useList, useResource } from '../lib/resource';
import { set_query, usePlace } from '../lib/router';
import { useSession } from '../lib/session';
import { Badge, Button, Empty, Failure, Field, Loading, Panel, Segments } from '../ui/basic';
import { CsvLink, ListTable } from '../ui/table';

const states = ['open', 'closed', 'all'] as const;

function NewCase({ done }: { done: (opened: Case) => void }): ReactNode {
  const { t } = useWords();
  const [kind, set_kind] = useState('operational');
  const [subject, set_subject] = useState('');
  const [note, set_note] = useState('');
  const open = useAction(async () => {
    const opened = await post<Case>('/v1/operations/cases', { kind, subject, note });
    set_subject('');
    set_note('');
    done(opened);
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void open.run();
  };
  return (
    <Panel title={t('operations.new_case')}>
      <form className="stack tight" onSubmit={submit}>
        <div className="form-grid">
          <Field label={t('operations.kind')}>{(id) => <input id={id} className="input" required value={kind} onChange={(event) => set_kind(event.target.value)} />}</Field>
          <Field label={t('operations.subject')}>{(id) => <input id={id} className="input" required value={subject} onChange={(event) => set_subject(event.target.value)} />}</Field>
        </div>
        <Field label={t('operations.note')}>{(id) => <textarea id={id} className="area" rows={2} required value={note} onChange={(event) => set_note(event.target.value)} />}</Field>
        {open.problem && <Failure problem={open.problem} />}
        <div className="row"><Button tone="main" type="submit" busy={open.busy}>{t('operations.new_case')}</Button></div>
      </form>
    </Panel>
  );
}

function CaseDetail({ id, changed }: { id: string; changed: () => void }): ReactNode {
  const { t, f, name } = useWords();
  const { may } = useSession();
  const { data, problem, reload } = useResource<Case>(`/v1/operations/cases/${encodeURIComponent(id)}`);
  useLive<Case>('case', (other) => { if (other.id === id) reload(); });
  const [note, set_note] = useState('');
  const [to, set_to] = useState('');
  const step = useAction(async (action: 'assign' | 'annotate' | 'close' | 'reopen') => {
    await post(`/v1/operations/cases/${encodeURIComponent(id)}/${action}`, action === 'assign' ? { to } : { note });
    // What was typed meanwhile stays.
    set_note((now) => (now === note ? '' : now));
    set_to((now) => (now === to ? '' : now));
    reload();
    changed();
  });
  const back = <Button tone="quiet" icon="back" className="button quiet back" onClick={() => set_query({ case: null })}>{t('action.back')}</Button>;
  if (problem) return <>{back}<Failure problem={problem} retry={reload} /></>;
  if (data === null) return <Panel><Loading /></Panel>;
  return (
    <div className="stack">
      {back}
      <Panel title={data.subject} aside={<Badge tone={data.status === 'open' ? 'material' : 'none'}>{name('status', data.status)}</Badge>}>
        <div className="stack">
          <p className="dim">{name('kind', data.kind)} · {t('operations.assignee')}: {data.assignee || t('operations.nobody')} · <code>{data.id}</code></p>
          <div>
            <h3>{t('operations.timeline')}</h3>
            <ol className="timeline">
              {data.events.map((event) => (
                <li key={event.number}>
                  <p><b>{name('step', event.action)}</b> · {event.actor} <span className="fine">{f.time(event.at)}</span></p>
                  {event.note && <p className="wrap-any">{event.note}</p>}
                </li>
              ))}
            </ol>
          </div>
          {may('analyst') ? (
            <div className="stack tight">
              <Field label={t('operations.note')}>{(id) => <textarea id={id} className="area" rows={2} value={note} onChange={(event) => set_note(event.target.value)} />}</Field>
              {data.status === 'open' && (
                <div className="row">
                  <Field label={t('operations.assign_to')} inline>{(id) => <input id={id} className="input short" value={to} onChange={(event) => set_to(event.target.value)} />}</Field>
                  <Button disabled={!to} busy={step.busy} onClick={() => void step.run('assign')}>{t('operations.assign')}</Button>
                </div>
              )}
              <div className="row">
                <Button disabled={!note || data.status !== 'open'} busy={step.busy} onClick={() => void step.run('annotate')}>{t('operations.annotate')}</Button>
                {data.status === 'open'
                  ? <Button disabled={!note} busy={step.busy} onClick={() => void step.run('close')}>{t('operations.close')}</Button>
                  : <Button disabled={!note} busy={step.busy} onClick={() => void step.run('reopen')}>{t('operations.reopen')}</Button>}
              </div>
              {step.problem && <Failure problem={step.problem} />}
            </div>
          ) : <p className="fine">{t('operations.case_role')}</p>}
        </div>
      </Panel>
    </div>
  );
}

export function CasesTab(): ReactNode {
  const { t, f, name } = useWords();
  const { may } = useSession();
  const { query } = usePlace();
  const status = states.find((known) => known === query.get('status')) ?? 'open';
  const chosen = query.get('case');
  const path = with_query('/v1/operations/cases', { status });
  const list = useList<Case>(path);
  useLive<Case>('case', () => list.reload());
  return (
    <div className={chosen ? 'columns master chosen' : 'columns master alone'}>
      <div className="stack master-list">
        <Panel
          title={t('operations.tab_cases')}
          aside={
            <>
              <Segments label={t('operations.status')} value={status} onChange={(value) => set_query({ status: value === 'open' ? null : value })} options={states.map((key) => [key, key === 'all' ? t('action.all') : name('status', key)] as const)} />
              <CsvLink path={path} />
            </>
          }
          flush
        >
          <ListTable
            label={t('operations.tab_cases')}
            list={list}
            row_key={(item) => item.id}
            onOpen={(item) => set_query({ case: item.id })}
            selected={(item) => item.id === chosen}
            empty={t('operations.cases_empty')}
            empty_hint={t('operations.cases_hint')}
            columns={[
              { head: t('operations.subject'), wide: true, cell: (item) => <><b>{item.subject}</b><p className="fine clip">{item.events.at(-1)?.note}</p></> },
              { head: t('operations.kind'), cell: (item) => name('kind', item.kind) },
              { head: t('operations.assignee'), cell: (item) => item.assignee || <span className="fine">{t('operations.nobody')}</span> },
              { head: t('operations.status'), cell: (item) => <Badge tone={item.status === 'open' ? 'material' : 'none'}>{name('status', item.status)}</Badge> },
              { head: t('operations.created'), cell: (item) => <span className="nowrap">{f.short_time(item.created_at)}</span> },
            ]}
          />
        </Panel>
        {may('analyst') && <NewCase done={(opened) => { list.reload(); set_query({ case: opened.id }); }} />}
      </div>
      <div className="master-detail">
        {chosen ? <CaseDetail key={chosen} id={chosen} changed={list.reload} /> : <Panel className="choose"><Empty title={t('operations.choose_case')}>{t('operations.cases_hint')}</Empty></Panel>}
      </div>
    </div>
  );
}
