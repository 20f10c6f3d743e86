// SPDX-License-Identifier: Apache-2.0
// One decision or signal in full: outcome, reasons, what it was computed from and by what; replay; override by two people.
import { useState, type FormEvent, type ReactNode } from 'react';
import { post } from '../api/client';
import type { Decision, Json, Override, Replay } from '../api/types';
import { plain_name } from '../lib/format';
import { useWords } from '../lib/language';
import { useAction, useResource } from '../lib/resource';
import { useSession } from '../lib/session';
import { Badge, Button, Facts, Failure, Field, Loading, Panel, Probability } from '../ui/basic';
import { ReasonBars } from '../ui/reasons';
import { Table } from '../ui/table';
import { OutcomeBadge } from './decision_table';
import { as_comparison, ComparisonView } from './models_comparisons';

/** JSON as people read it: two spaces, short lists on one line. */
export function json_text(value: Json | undefined): string {
  return JSON.stringify(value ?? null, null, 2).replace(/\[\s+([^[\]{}]{0,100}?)\s+\]/g, (_, inner: string) => `[${inner.replace(/\s+/g, ' ')}]`);
}

function ReplayPanel({ id }: { id: string }): ReactNode {
  const { t, f } = useWords();
  const { may } = useSession();
  const replay = useAction(() => post<Replay>(`/v1/decisions/${encodeURIComponent(id)}/replay`));
  const data = replay.data;
  return (
    <Panel title={t('decision.replay')} className="no-print" aside={<Button busy={replay.busy} disabled={!may('analyst')} onClick={() => void replay.run()}>{t('decision.replay')}</Button>}>
      <div className="stack tight" role="status">
        {!data && !replay.problem && <p className="dim">{t('decision.replay_hint')}</p>}
        {replay.problem && <Failure problem={replay.problem} />}
        {data && <p className={data.identical ? 'note good' : 'note warn'}><b>{data.identical ? t('decision.identical', { seconds: f.number(data.seconds, 2) }) : t('decision.different', { n: data.differences.length })}</b></p>}
        {data && !data.identical && (
          <Table label={t('decision.replay')} rows={data.differences} row_key={(row) => row.field} columns={[
            { head: t('decision.field'), cell: (row) => row.field },
            { head: t('decision.was'), cell: (row) => <code>{json_text(row.was)}</code> },
            { head: t('decision.now'), cell: (row) => <code>{json_text(row.now)}</code> },
          ]} />
        )}
      </div>
    </Panel>
  );
}

function OverridePanel({ decision, changed }: { decision: Decision; changed: () => void }): ReactNode {
  const { t, name } = useWords();
  const { may, session } = useSession();
  const [outcome, set_outcome] = useState('approve');
  const [reason, set_reason] = useState('');
  const current = decision.override;
  const propose = useAction(async () => {
    await post<Override>(`/v1/decisions/${encodeURIComponent(decision.id)}/overrides`, { outcome, reason });
    set_reason('');
    changed();
  });
  const decide = useAction(async (what: 'approve' | 'refuse') => {
    await post<Override>(`/v1/overrides/${encodeURIComponent(current?.id ?? '')}/${what}`, {});
    changed();
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void propose.run();
  };
  const own = current !== null && current !== undefined && current.proposed_by === session?.user;
  return (
    <Panel title={t('decision.override')} className="no-print">
      <div className="stack tight">
        {current && (
          <div className="note">
            <p>{t('decision.proposed_by', { actor: current.proposed_by, outcome: name('outcome', current.outcome), reason: current.reason })}</p>
            {current.decided_by && <p>{t('decision.decided_by', { status: name('status', current.status), actor: current.decided_by })}</p>}
          </div>
        )}
        {current?.status === 'proposed' && may('officer') && (
          own ? <p className="fine">{t('decision.own_proposal')}</p> : (
            <div className="row">
              <Button tone="main" busy={decide.busy} onClick={() => void decide.run('approve')}>{t('decision.approve')}</Button>
              <Button busy={decide.busy} onClick={() => void decide.run('refuse')}>{t('decision.refuse')}</Button>
            </div>
          )
        )}
        {decide.problem && <Failure problem={decide.problem} />}
        {current?.status !== 'proposed' && (may('officer') ? (
          <form className="stack tight" onSubmit={submit}>
            <p className="dim">{t('decision.override_hint')}</p>
            <div className="form-grid">
              <Field label={t('decision.override_outcome')}>
                {(id) => <select id={id} className="select" value={outcome} onChange={(event) => set_outcome(event.target.value)}>{['approve', 'refer', 'decline'].map((key) => <option key={key} value={key}>{name('outcome', key)}</option>)}</select>}
              </Field>
              <Field label={t('decision.override_reason')}>{(id) => <input id={id} className="input" required value={reason} onChange={(event) => set_reason(event.target.value)} />}</Field>
              <Button type="submit" busy={propose.busy}>{t('decision.propose')}</Button>
            </div>
            {propose.problem && <Failure problem={propose.problem} />}
          </form>
        ) : <p className="fine">{t('decision.override_role')}</p>)}
      </div>
    </Panel>
  );
}

export function DecisionPage({ id }: { id: string }): ReactNode {
  const { t, f, name } = useWords();
  const { data, problem, reload } = useResource<Decision>(`/v1/decisions/${encodeURIComponent(id)}/explain`);
  if (problem) return <Failure problem={problem} retry={reload} />;
  if (data === null) return <Loading lines={8} />;
  const reasons = data.reasons ?? [];
  const comparison = as_comparison(data.outcome);
  const with_points = reasons.filter((reason) => (reason.contribution ?? reason.points ?? 0) !== 0);
  return (
    <div className="stack">
      <div className="row spread">
        <div className="row">
          <h2 className="page-title">{data.kind ? name('kind', data.kind) : t('kind.signal')} <code>{data.id}</code></h2>
          <OutcomeBadge outcome={data.outcome ?? null} />
        </div>
        <Button tone="quiet" icon="print" className="button quiet no-print" onClick={() => window.print()}>{t('action.print')}</Button>
      </div>
      <div className="columns main-side">
        <div className="stack">
          <Panel title={<span className="wrap-any">{data.subject ?? ''}</span>} flush={comparison !== null}>
            {comparison ? <ComparisonView data={comparison} /> : (
              <div className="stack">
                {typeof data.probability === 'number' && <Probability value={data.probability} interval={data.interval} digits={1} wide />}
                <h3>{t('decision.reasons')}</h3>
                {with_points.length > 0
                  ? <ReasonBars label={t('decision.reasons')} items={with_points.map((reason) => ({ key: reason.code, text: reason.text || plain_name(reason.code), points: reason.contribution ?? reason.points ?? 0 }))} />
                  : reasons.length > 0 ? <ul>{reasons.map((reason) => <li key={reason.code}>{reason.text}</li>)}</ul> : <p className="dim">{t('decision.no_reasons')}</p>}
              </div>
            )}
          </Panel>
          {data.outcome !== undefined && typeof data.outcome === 'object' && (
            <Panel title={t('decision.outcome')} flush><pre className="json" tabIndex={0}>{json_text(data.outcome)}</pre></Panel>
          )}
          {data.inputs !== undefined && <Panel title={t('decision.inputs')} flush><pre className="json" tabIndex={0}>{json_text(data.inputs)}</pre></Panel>}
        </div>
        <div className="stack">
          <ReplayPanel id={id} />
          {data.kind === 'credit' && <OverridePanel decision={data} changed={reload} />}
          <Panel title={t('decision.made_by')}>
            <Facts items={[
              [t('decision.created'), f.time(data.created_at)],
              [t('decision.model'), data.model],
              !!data.model_hash && [t('decision.model_hash'), <span key="m" className="hash">{data.model_hash}</span>],
              !!data.policy_hash && [t('decision.policy_hash'), <span key="p" className="hash">{data.policy_hash}</span>],
              !!data.inputs_hash && [t('decision.inputs_hash'), <span key="i" className="hash">{data.inputs_hash}</span>],
              !!data.build && [t('decision.build'), data.build],
              !!data.isa && [t('decision.isa'), data.isa],
              data.seed !== undefined && [t('decision.seed'), String(data.seed)],
              !!data.cost && typeof data.cost['seconds'] === 'number' && [t('decision.cost'), `${f.number(data.cost['seconds'] as number, 3)} s`],
            ]} />
            {data.override && <p><Badge tone="accent">{name('status', data.override.status)}</Badge></p>}
          </Panel>
        </div>
      </div>
    </div>
  );
}
