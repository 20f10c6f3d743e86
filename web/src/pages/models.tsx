// SPDX-License-Identifier: Apache-2.0
// The models in charge with their cards, how they compare with the traditional methods, drift, and long work.
import { useState, type ReactNode } from 'react';
import { post } from '../api/client';
import type { Candidate, CreditModel, Drift, Job, JsonObject, ModelEntry } from '../api/types';
import { plain_name } from '../lib/format';
import { useWords } from '../lib/language';
import { useLive } from '../lib/live';
import { Markdown } from '../lib/markdown';
import { useAction, useList, useResource } from '../lib/resource';
import { set_query, usePlace } from '../lib/router';
import { useSession } from '../lib/session';
import { Badge, Button, Empty, Facts, Failure, Loading, Panel, RiskTag, Tabs } from '../ui/basic';
import { ListTable, Table } from '../ui/table';
import { ComparisonsTab } from './models_comparisons';

const tabs = ['models', 'comparisons', 'drift', 'jobs'] as const;

export function CandidateTable({ candidates, champion }: { candidates: readonly Candidate[]; champion: string }): ReactNode {
  const { t, f } = useWords();
  const has = (key: keyof Candidate): boolean => candidates.some((row) => typeof row[key] === 'number');
  const figures = ([
    ['ks', 'models.ks', 3], ['brier', 'models.brier', 4], ['log_loss', 'models.log_loss', 4], ['ece', 'models.ece', 4], ['mcc', 'models.mcc', 3],
  ] as const).filter(([key]) => has(key));
  return (
    <Table
      label={t('models.candidates')}
      rows={candidates}
      row_key={(row) => row.name}
      selected={(row) => row.name === champion}
      columns={[
        { head: t('models.method'), wide: true, cell: (row) => <span className="row"><b>{plain_name(row.name)}</b>{row.name === champion && <Badge tone="accent">{t('models.champion')}</Badge>}</span> },
        { head: t('models.auc'), numeric: true, cell: (row) => <>{f.number(row.auc, 3)}{row.auc_interval && <span className="fine"> {f.number(row.auc_interval[0], 3)}–{f.number(row.auc_interval[1], 3)}</span>}</> },
        ...figures.map(([key, word, digits]) => ({ head: t(word), numeric: true, cell: (row: Candidate) => f.number(row[key], digits) })),
      ]}
    />
  );
}

function scalar_figures(figures: JsonObject): (readonly [string, string])[] {
  return Object.entries(figures).flatMap(([key, value]) =>
    typeof value === 'number' ? [[plain_name(key), Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(5)))] as const]
    : typeof value === 'string' || typeof value === 'boolean' ? [[plain_name(key), String(value)] as const] : []);
}

function ModelDetail({ model }: { model: ModelEntry }): ReactNode {
  const { t, name } = useWords();
  const credit = useResource<CreditModel>(model.kind === 'credit' ? `/v1/credit/models/${encodeURIComponent(model.id)}` : null);
  return (
    <div className="stack">
      <Panel title={<span className="row">{model.id} <Badge tone="none">{name('kind', model.kind)}</Badge>{model.in_charge && <Badge tone="good">{t('models.in_charge')}</Badge>}</span>}>
        <Facts items={[
          !!model.path && [t('models.path'), <code key="path">{model.path}</code>],
          !!model.sha256 && [t('models.hash'), <span key="hash" className="hash">{model.sha256}</span>],
          ...(model.figures ? scalar_figures(model.figures) : []),
        ]} />
      </Panel>
      {credit.data && <Panel title={t('models.candidates')} flush><CandidateTable candidates={credit.data.candidates} champion={credit.data.champion} /></Panel>}
      <Panel title={t('models.card')}>{model.card ? <Markdown text={model.card} /> : <p className="dim">{t('models.no_card')}</p>}</Panel>
    </div>
  );
}

function ModelsTab(): ReactNode {
  const { t, name } = useWords();
  const { query } = usePlace();
  const { data, problem, reload } = useResource<{ data: ModelEntry[] }>('/v1/models');
  if (problem) return <Failure problem={problem} retry={reload} />;
  if (data === null) return <Loading lines={6} />;
  const chosen = data.data.find((model) => model.id === query.get('model')) ?? data.data[0];
  if (!chosen) return <Panel><Empty title={t('models.empty')}><code>ballast serve --model DIR</code></Empty></Panel>;
  return (
    <div className="columns narrow-side">
      <section className="panel" aria-label={t('models.tab_models')}>
        <ul className="feed">
          {data.data.map((model) => (
            <li key={`${model.kind}/${model.id}`} className={model === chosen ? 'fresh' : undefined}>
              <button type="button" className="feed-button" aria-current={model === chosen} onClick={() => set_query({ model: model.id })}>
                <span className="wrap-any"><b>{model.id}</b></span>
                <span className="fine">{name('kind', model.kind)}{model.in_charge ? ` · ${t('models.in_charge')}` : ''}</span>
              </button>
            </li>
          ))}
        </ul>
      </section>
      <ModelDetail key={chosen.id} model={chosen} />
    </div>
  );
}

function DriftTab(): ReactNode {
  const { t, f, name } = useWords();
  const { data, problem, reload } = useResource<{ items: Drift[] }>('/v1/drift');
  if (problem) return <Failure problem={problem} retry={reload} />;
  if (data === null) return <Loading />;
  return (
    <Panel title={t('models.tab_drift')} aside={<span className="fine">{t('models.drift_note')}</span>} flush>
      {data.items.length === 0 ? <Empty title={t('models.no_drift')}>{t('models.no_drift_hint')}</Empty> : (
        <Table
          label={t('models.tab_drift')}
          rows={data.items}
          row_key={(row) => `${row.model}/${row.measure}/${row.risk}`}
          columns={[
            { head: t('signals.model'), cell: (row) => <span className="wrap-any">{row.model}</span> },
            { head: t('models.measure'), wide: true, cell: (row) => name('measure', row.measure) },
            { head: t('signals.risk'), cell: (row) => row.risk && <RiskTag risk={row.risk} /> },
            { head: t('models.reference'), numeric: true, cell: (row) => f.percent(row.reference, 1) },
            { head: t('models.current'), numeric: true, cell: (row) => f.percent(row.current, 1) },
            { head: t('models.psi'), numeric: true, cell: (row) => f.number(row.psi, 3) },
            { head: t('operations.status'), cell: (row) => row.psi === null ? <span className="fine">{t('models.too_few')}</span> : row.psi < 0.1 ? <Badge tone="good">{t('models.stable')}</Badge> : row.psi < 0.25 ? <Badge tone="watch">{t('models.moving')}</Badge> : <Badge tone="critical">{t('models.drifted')}</Badge> },
          ]}
        />
      )}
    </Panel>
  );
}

function JobsTab(): ReactNode {
  const { t, f, name } = useWords();
  const { may } = useSession();
  const list = useList<Job>('/v1/jobs');
  useLive<Job>('job', (job) => list.change((items) => (items.some((item) => item.id === job.id) ? items.map((item) => (item.id === job.id ? { ...item, ...job } : item)) : [job, ...items])));
  const cancel = useAction(async (id: string, what: 'cancel' | 'resume') => {
    await post(`/v1/jobs/${encodeURIComponent(id)}/${what}`);
    list.reload();
  });
  const [problem_row, set_problem_row] = useState('');
  return (
    <Panel title={t('models.tab_jobs')} flush>
      {cancel.problem && <Failure problem={cancel.problem} />}
      <ListTable
        label={t('models.tab_jobs')}
        list={list}
        row_key={(job) => job.id}
        empty={t('models.no_jobs')}
        columns={[
          { head: t('models.job'), cell: (job) => <b>{plain_name(job.kind)}</b> },
          { head: t('operations.status'), cell: (job) => <Badge tone={job.status === 'done' ? 'good' : job.status === 'failed' ? 'critical' : job.status === 'cancelled' ? 'none' : 'accent'}>{name('status', job.status)}</Badge> },
          {
            head: t('models.progress'), wide: true, cell: (job) => job.status === 'failed'
              ? <button type="button" className="feed-button" aria-expanded={problem_row === job.id} onClick={() => set_problem_row(problem_row === job.id ? '' : job.id)}>{job.error?.detail ?? job.error?.title}{problem_row === job.id && job.error?.hint && <span className="fine">{job.error.hint}</span>}</button>
              : job.progress && <span className="fine num">{job.progress.doing} {job.progress.total ? `${f.count(job.progress.done)} / ${f.count(job.progress.total)}` : ''}</span>,
          },
          { head: t('models.by'), cell: (job) => job.created_by },
          { head: t('operations.created'), cell: (job) => <span className="nowrap">{f.short_time(job.created_at)}</span> },
          {
            head: t('operations.action'), cell: (job) => may('analyst') && (job.status === 'running' || job.status === 'queued'
              ? <Button tone="quiet" onClick={() => void cancel.run(job.id, 'cancel')}>{t('action.cancel')}</Button>
              : job.status !== 'done' && <Button tone="quiet" onClick={() => void cancel.run(job.id, 'resume')}>{t('action.retry')}</Button>),
          },
        ]}
      />
    </Panel>
  );
}

export default function ModelsPage(): ReactNode {
  const { t } = useWords();
  const { query } = usePlace();
  const tab = tabs.find((known) => known === query.get('tab')) ?? 'models';
  return (
    <>
      <Tabs label={t('nav.models')} value={tab} onChange={(value) => set_query({ tab: value === 'models' ? null : value })} tabs={tabs.map((key) => [key, t(`models.tab_${key}`)] as const)} />
      {tab === 'models' && <ModelsTab />}
      {tab === 'comparisons' && <ComparisonsTab />}
      {tab === 'drift' && <DriftTab />}
      {tab === 'jobs' && <JobsTab />}
    </>
  );
}
