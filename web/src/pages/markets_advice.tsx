// SPDX-License-Identifier: Apache-2.0
// Advice on a client's holdings: the risk questionnaire, the holdings, and what to trade with the reasons.
import { useState, type FormEvent, type ReactNode } from 'react';
import { post } from '../api/client';
import type { Decision, Instrument, Json } from '../api/types';
import { usable_rows, RowsInput } from '../ui/csv_input';
import { useWords } from '../lib/language';
import { useAction, useList, useResource } from '../lib/resource';
import { Link } from '../lib/router';
import { useSession } from '../lib/session';
import { Button, Facts, Failure, Field, Loading, Panel } from '../ui/basic';
import { Icon } from '../ui/icons';
import { Table } from '../ui/table';
import { DecisionTable, OutcomeBadge } from './decision_table';

interface Question {
  id: string;
  dimension: string;
  en: string;
  zh: string;
  answers: { key: string; points: number; en: string; zh: string }[];
}

interface Position {
  instrument: string;
  weight: number;
  target: number;
  verdict: string;
  why: string;
  trade_value: string;
}

interface Measures {
  volatility: number;
  cvar: number;
  cash: number;
}

interface Advice {
  decision_id: string;
  outcome: string;
  currency: string;
  cost: string;
  positions: Position[];
  before: Measures;
  after: Measures;
  breaches: { limit: string; subject: string; value: number; bound: number }[];
  text?: Readonly<Record<string, { paragraphs: Json[] }>>;
}

const objectives = ['min-variance', 'min-cvar', 'risk-parity', 'mean-variance'] as const;

function Result({ data }: { data: Advice }): ReactNode {
  const { t, f, name, language } = useWords();
  const paragraphs = (data.text?.[language]?.paragraphs ?? []).filter((item): item is string => typeof item === 'string');
  return (
    <Panel
      title={<span className="row">{t('advice.result')} <OutcomeBadge outcome={data.outcome} /></span>}
      aside={
        <>
          <a className="button quiet" href={`/v1/advice/${data.decision_id}/report?language=${language}`} target="_blank" rel="noreferrer"><Icon name="print" size={14} />{t('advice.report')}</a>
          <Link to={`/decisions/${data.decision_id}`} className="button quiet">{t('credit.decision_id')}</Link>
        </>
      }
    >
      <div className="stack">
        {paragraphs.length > 0 && <div className="prose">{paragraphs.map((text, i) => <p key={i}>{text}</p>)}</div>}
        <div className="compare-grid num">
          <span /><span className="head">{t('credit.was')}</span><span className="head">{t('advice.after')}</span>
          <span>{t('advice.volatility')}</span><span>{f.percent(data.before.volatility, 1)}</span><span>{f.percent(data.after.volatility, 1)}</span>
          <span>{t('advice.cvar')}</span><span>{f.percent(data.before.cvar, 2)}</span><span>{f.percent(data.after.cvar, 2)}</span>
          <span>{t('advice.cash')}</span><span>{f.percent(data.before.cash, 1)}</span><span>{f.percent(data.after.cash, 1)}</span>
        </div>
        {data.breaches.length > 0 && (
          <Facts items={data.breaches.map((item) => [`${name('limit', item.limit)} ${item.subject}`.trim(), t('advice.breach', { value: f.percent(item.value, 1), bound: f.percent(item.bound, 1) })] as const)} />
        )}
      </div>
      <div className="panel-table">
        <Table
          label={t('advice.result')}
          rows={data.positions}
          row_key={(row) => row.instrument}
          columns={[
            { head: t('advice.position'), cell: (row) => <b>{row.instrument}</b> },
            { head: t('advice.weight'), numeric: true, cell: (row) => f.percent(row.weight, 1) },
            { head: t('advice.target'), numeric: true, cell: (row) => f.percent(row.target, 1) },
            { head: t('advice.verdict'), cell: (row) => name('outcome', row.verdict) },
            { head: t('advice.trade'), numeric: true, cell: (row) => f.money(row.trade_value, data.currency) },
            { head: t('advice.why'), wide: true, cell: (row) => name('why', row.why) },
          ]}
        />
      </div>
    </Panel>
  );
}

export function AdvicePanel(): ReactNode {
  const { t, language } = useWords();
  const { may } = useSession();
  const form = useResource<{ questions: Question[] }>('/v1/advice/questionnaire');
  const past = useList<Decision>('/v1/advice');
  const instruments = useList<Instrument>('/v1/prices');
  const files = [...new Set(instruments.items.map((item) => item.file))];
  const [client, set_client] = useState('');
  const [answers, set_answers] = useState<Readonly<Record<string, string>>>({});
  const [holdings, set_holdings] = useState('instrument,currency,quantity,value,class\n');
  const [chosen_file, set_file] = useState('');
  const widest = [...files].sort((a, b) => instruments.items.filter((item) => item.file === b).length - instruments.items.filter((item) => item.file === a).length)[0] ?? '';
  const file = chosen_file || widest;
  const [objective, set_objective] = useState<string>('min-variance');
  const rows = usable_rows(holdings);
  const ask = useAction(async () => {
    const numbers = ['quantity', 'value', 'duration', 'beta'];
    const cleaned = (rows ?? []).map((row) => Object.fromEntries(
      Object.entries(row).filter(([, value]) => value !== '').map(([key, value]) => [key, numbers.includes(key) ? Number(value) : value]),
    ));
    const answer = await post<Advice>('/v1/advice', { client, answers, holdings: cleaned, objective, ...(file ? { prices: file } : {}) });
    past.reload();
    return answer;
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void ask.run();
  };
  const complete = form.data !== null && form.data.questions.every((question) => answers[question.id]) && rows !== null;
  return (
    <div className="stack">
      <div className="columns two">
        <Panel title={t('advice.questions')}>
          {form.problem && <Failure problem={form.problem} retry={form.reload} />}
          {!form.problem && form.data === null && <Loading />}
          {form.data && (
            <form className="stack tight" onSubmit={submit}>
              <Field label={t('advice.client')}>{(id) => <input id={id} className="input" value={client} onChange={(event) => set_client(event.target.value)} />}</Field>
              <div className="form-grid wide-fields">{form.data.questions.map((question) => (
                <Field key={question.id} label={question[language]}>
                  {(id) => (
                    <select id={id} className="select" required value={answers[question.id] ?? ''} onChange={(event) => set_answers({ ...answers, [question.id]: event.target.value })}>
                      <option value="">{t('credit.choose')}</option>
                      {question.answers.map((answer) => <option key={answer.key} value={answer.key}>{answer[language]}</option>)}
                    </select>
                  )}
                </Field>
              ))}</div>
              <RowsInput label={t('advice.holdings')} hint={t('advice.holdings_hint')} value={holdings} onChange={set_holdings} lines={5} />
              <Field label={t('advice.prices')}>
                {(id) => <select id={id} className="select" value={file} onChange={(event) => set_file(event.target.value)}>{files.map((name) => <option key={name} value={name}>{name}</option>)}</select>}
              </Field>
              <Field label={t('advice.objective')}>
                {(id) => <select id={id} className="select" value={objective} onChange={(event) => set_objective(event.target.value)}>{objectives.map((key) => <option key={key} value={key}>{t(`objective.${key}`)}</option>)}</select>}
              </Field>
              {!complete && <p className="fine">{t('advice.fill_all')}</p>}
              <div className="row"><Button tone="main" type="submit" busy={ask.busy} disabled={!complete || !may('analyst')}>{t('advice.run')}</Button></div>
            </form>
          )}
        </Panel>
        <div className="stack">
          {ask.problem && <Failure problem={ask.problem} />}
          {ask.data && <Result data={ask.data} />}
          <Panel title={t('advice.past')} flush><DecisionTable list={past} /></Panel>
        </div>
      </div>
    </div>
  );
}
