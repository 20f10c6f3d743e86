// SPDX-License-Identifier: Apache-2.0
// Audit: the chain of hashes, every decision, overrides awaiting a second person, what people said of results.
import { useState, type FormEvent, type ReactNode } from 'react';
import { post, with_query } from '../api/client';
import type { AuditEntry, ChainCheck, Decision, Feedback, Override } from '../api/types';
import { useWords } from '../lib/language';
import { useAction, useList } from '../lib/resource';
import { go, Link, set_query, usePlace } from '../lib/router';
import { useSession } from '../lib/session';
import { Badge, Button, Facts, Failure, Field, Panel, Segments, Tabs } from '../ui/basic';
import { CsvLink, ListTable } from '../ui/table';
import { DecisionPage } from './decision';
import { DecisionTable } from './decision_table';

const tabs = ['trail', 'decisions', 'overrides', 'feedback'] as const;
const kinds = [
  '', 'credit', 'trade', 'var', 'portfolio', 'event', 'transaction', 'log_window', 'surveillance', 'indicator', 'capital', 'liquidity', 'customer', 'offer',
  'complaint', 'answer', 'comparison', 'promotion',
] as const;

function TrailTab(): ReactNode {
  const { t, f } = useWords();
  const { may_audit } = useSession();
  const { query } = usePlace();
  const path = with_query('/v1/audit', { actor: query.get('actor'), kind: query.get('kind'), from: query.get('from'), to: query.get('to') });
  const list = useList<AuditEntry>(may_audit ? path : null);
  const verify = useAction(() => post<ChainCheck>('/v1/audit/verify'));
  if (!may_audit) return <Panel><p className="state">{t('audit.role')}</p></Panel>;
  const data = verify.data;
  return (
    <div className="stack">
      <Panel title={t('audit.verify_title')} aside={<Button tone="main" busy={verify.busy} onClick={() => void verify.run()}>{t('audit.verify')}</Button>}>
        <div className="stack tight" role="status">
          {!data && !verify.problem && <p className="dim">{t('audit.verify_hint')}</p>}
          {verify.problem && <Failure problem={verify.problem} />}
          {data && (
            <>
              <p className={data.intact ? 'note good' : 'note warn'}><b>{data.intact ? t('audit.intact', { n: f.count(data.entries) }) : t('audit.broken', { n: data.first_broken ?? '?' })}</b></p>
              {data.faults && data.faults.length > 0 && <ul>{data.faults.map((fault, i) => <li key={i}>{t('audit.sequence')} {f.count(fault.sequence)}: {fault.what}</li>)}</ul>}
              <Facts items={[data.records !== undefined && [t('audit.records'), f.count(data.records)], [t('audit.head'), <span key="head" className="hash">{data.head}</span>]]} />
            </>
          )}
        </div>
      </Panel>
      <Panel title={t('audit.tab_trail')} aside={<CsvLink path={path} />} flush>
        <ListTable
          label={t('audit.tab_trail')}
          list={list}
          row_key={(entry) => entry.hash}
          empty={t('audit.empty')}
          columns={[
            { head: t('audit.sequence'), numeric: true, cell: (entry) => f.count(entry.sequence) },
            { head: t('audit.at'), cell: (entry) => <span className="nowrap">{f.time(entry.at)}</span> },
            { head: t('audit.actor'), cell: (entry) => entry.actor },
            { head: t('audit.action'), cell: (entry) => entry.action },
            { head: t('audit.subject'), wide: true, cell: (entry) => <span className="wrap-any">{entry.subject}</span> },
            { head: t('audit.hash'), cell: (entry) => <span className="hash" title={entry.hash}>{entry.hash.slice(0, 12)}…</span> },
          ]}
        />
      </Panel>
    </div>
  );
}

function DecisionsTab(): ReactNode {
  const { t, name } = useWords();
  const { query } = usePlace();
  const [id, set_id] = useState('');
  const path = with_query('/v1/decisions', { kind: query.get('kind'), from: query.get('from'), to: query.get('to') });
  const list = useList<Decision>(path);
  const open = (event: FormEvent): void => {
    event.preventDefault();
    if (id.trim() !== '') go(`/decisions/${encodeURIComponent(id.trim())}`);
  };
  return (
    <section className="panel" aria-label={t('audit.tab_decisions')}>
      <div className="filters">
        <Field label={t('audit.kind')}>
          {(field) => (
            <select id={field} className="select" value={query.get('kind') ?? ''} onChange={(event) => set_query({ kind: event.target.value })}>
              {kinds.map((kind) => <option key={kind} value={kind}>{kind === '' ? t('action.all') : name('kind', kind)}</option>)}
            </select>
          )}
        </Field>
        <Field label={t('signals.from')}>{(field) => <input id={field} className="input" type="date" value={query.get('from') ?? ''} onChange={(event) => set_query({ from: event.target.value })} />}</Field>
        <Field label={t('signals.to')}>{(field) => <input id={field} className="input" type="date" value={query.get('to') ?? ''} onChange={(event) => set_query({ to: event.target.value })} />}</Field>
        <form className="inline-form" onSubmit={open}>
          <Field label={t('audit.find_label')}>{(field) => <input id={field} className="input" value={id} onChange={(event) => set_id(event.target.value)} />}</Field>
          <Button type="submit">{t('action.open')}</Button>
        </form>
      </div>
      <div className="list-bar"><h2>{t('audit.tab_decisions')}</h2><CsvLink path={path} /></div>
      <DecisionTable list={list} />
    </section>
  );
}

function OverridesTab(): ReactNode {
  const { t, f, name } = useWords();
  const { query } = usePlace();
  const status = query.get('status') ?? 'proposed';
  const list = useList<Override>(with_query('/v1/overrides', { status: status === 'all' ? null : status }));
  return (
    <Panel title={t('audit.tab_overrides')} aside={<Segments label={t('operations.status')} value={status} onChange={(value) => set_query({ status: value === 'proposed' ? null : value })} options={[['proposed', t('status.proposed')], ['approved', t('status.approved')], ['refused', t('status.refused')], ['all', t('action.all')]]} />} flush>
      <ListTable
        label={t('audit.tab_overrides')}
        list={list}
        row_key={(item) => item.id}
        onOpen={(item) => go(`/decisions/${item.decision_id}`)}
        empty={t('audit.no_overrides')}
        empty_hint={t('decision.override_hint')}
        columns={[
          { head: t('audit.at'), cell: (item) => <span className="nowrap">{f.short_time(item.proposed_at)}</span> },
          { head: t('credit.decision_id'), cell: (item) => <code>{item.decision_id}</code> },
          { head: t('decision.override_outcome'), cell: (item) => name('outcome', item.outcome) },
          { head: t('decision.override_reason'), wide: true, cell: (item) => item.reason },
          { head: t('audit.actor'), cell: (item) => item.proposed_by },
          { head: t('operations.status'), cell: (item) => <><Badge tone={item.status === 'approved' ? 'good' : item.status === 'proposed' ? 'accent' : 'none'}>{name('status', item.status)}</Badge>{item.decided_by && <p className="fine">{item.decided_by}</p>}</> },
        ]}
      />
    </Panel>
  );
}

function FeedbackTab(): ReactNode {
  const { t, f, name } = useWords();
  const list = useList<Feedback>('/v1/feedback');
  return (
    <Panel title={t('audit.tab_feedback')} aside={<CsvLink path="/v1/feedback" />} flush>
      <ListTable
        label={t('audit.tab_feedback')}
        list={list}
        row_key={(item) => item.id ?? `${item.subject_id}/${item.at}`}
        empty={t('audit.no_feedback')}
        empty_hint={t('feedback.role')}
        columns={[
          { head: t('audit.at'), cell: (item) => <span className="nowrap">{f.short_time(item.at)}</span> },
          { head: t('audit.actor'), cell: (item) => item.actor },
          { head: t('signals.feedback'), cell: (item) => <Badge tone={item.verdict === 'accept' ? 'good' : 'accent'}>{name('verdict', item.verdict)}</Badge> },
          { head: t('audit.subject'), cell: (item) => item.subject_kind === 'signal' ? <Link to={`/signals/${item.subject_id}`}>{name('kind', 'signal')} <code>{item.subject_id}</code></Link> : <Link to={`/decisions/${item.subject_id}`}><code>{item.subject_id}</code></Link> },
          { head: t('feedback.right_risk'), cell: (item) => item.risk && name('risk', item.risk) },
          { head: t('feedback.note'), wide: true, cell: (item) => item.note },
        ]}
      />
    </Panel>
  );
}

export default function AuditPage(): ReactNode {
  const { t } = useWords();
  const { parts, query } = usePlace();
  if (parts[0] === 'decisions' && parts[1]) return <DecisionPage key={parts[1]} id={parts[1]} />;
  const tab = tabs.find((known) => known === query.get('tab')) ?? 'trail';
  return (
    <>
      <Tabs label={t('nav.audit')} value={tab} onChange={(value) => go(with_query('/audit', { tab: value === 'trail' ? null : value }))} tabs={tabs.map((key) => [key, t(`audit.tab_${key}`)] as const)} />
      {tab === 'trail' && <TrailTab />}
      {tab === 'decisions' && <DecisionsTab />}
      {tab === 'overrides' && <OverridesTab />}
      {tab === 'feedback' && <FeedbackTab />}
    </>
  );
}
