// SPDX-License-Identifier: Apache-2.0
// The list of signals with its filters, and the chosen one beside it. Filters live in the address, so a view can be sent on.
import { useState, type ReactNode } from 'react';
import { with_query } from '../api/client';
import { risks, type Signal } from '../api/types';
import { useWords } from '../lib/language';
import { useLive } from '../lib/live';
import { useList } from '../lib/resource';
import { go, set_query, usePlace } from '../lib/router';
import { excerpt } from '../lib/spans';
import { Badge, Button, Empty, Field, Panel, Probability, RiskTag, Severity } from '../ui/basic';
import { CsvLink, ListTable } from '../ui/table';
import { AddDocument } from './add_document';
import { SignalDetail } from './signal_detail';

const keys = ['risk', 'min_severity', 'min_probability', 'entity', 'q', 'from', 'to', 'as_of', 'order'] as const;
type Key = (typeof keys)[number];

/** A text filter that is applied when one stops typing or presses Enter. */
function TextFilter({ label, name, type = 'search', placeholder }: { label: string; name: Key; type?: string; placeholder?: string }): ReactNode {
  const { query } = usePlace();
  const current = query.get(name) ?? '';
  return (
    <Field label={label}>
      {(id) => (
        <input
          key={current}
          id={id}
          className="input"
          type={type}
          defaultValue={current}
          placeholder={placeholder}
          onBlur={(event) => set_query({ [name]: event.target.value })}
          onKeyDown={(event) => {
            if (event.key === 'Enter') set_query({ [name]: event.currentTarget.value });
          }}
        />
      )}
    </Field>
  );
}

function ChoiceFilter({ label, name, options }: { label: string; name: Key; options: readonly (readonly [string, string])[] }): ReactNode {
  const { query } = usePlace();
  return (
    <Field label={label}>
      {(id) => (
        <select id={id} className="select" value={query.get(name) ?? ''} onChange={(event) => set_query({ [name]: event.target.value })}>
          {options.map(([value, words]) => <option key={value} value={value}>{words}</option>)}
        </select>
      )}
    </Field>
  );
}

const wide = window.matchMedia('(min-width: 761px)');

function Filters(): ReactNode {
  const { t, f, name } = useWords();
  return (
    <details className="filter-box" open={wide.matches}>
      <summary>{t('signals.filters')}</summary>
      <div className="filters" role="search" aria-label={t('signals.filters')}>
      <ChoiceFilter label={t('signals.risk')} name="risk" options={[['', t('action.all')], ...risks.map((risk) => [risk, name('risk', risk)] as const)]} />
      <ChoiceFilter label={t('signals.severity')} name="min_severity" options={[['', t('action.all')], ...['1', '2', '3'].map((key) => [key, name('severity', key)] as const)]} />
      <ChoiceFilter label={t('signals.probability')} name="min_probability" options={[['', t('action.all')], ...[0.5, 0.7, 0.9, 0.95].map((p) => [String(p), f.percent(p)] as const)]} />
      <TextFilter label={t('signals.entity')} name="entity" placeholder={t('signals.entity_placeholder')} />
      <TextFilter label={t('signals.q')} name="q" />
      <TextFilter label={t('signals.from')} name="from" type="date" />
      <TextFilter label={t('signals.to')} name="to" type="date" />
      <TextFilter label={t('signals.as_of')} name="as_of" type="date" />
      <ChoiceFilter label={t('signals.order')} name="order" options={[['', t('signals.order_newest')], ['probability', t('signals.order_probability')], ['severity', t('signals.order_severity')]]} />
      </div>
    </details>
  );
}

export default function SignalsPage(): ReactNode {
  const { t, f, name } = useWords();
  const { parts, query } = usePlace();
  const chosen = parts[1] ?? null;
  const filters = Object.fromEntries(keys.map((key) => [key, query.get(key)]));
  const path = with_query('/v1/signals', filters);
  const list = useList<Signal>(path);
  const [waiting, set_waiting] = useState(0);
  useLive<Signal>('signal', () => set_waiting((n) => n + 1));
  const filtered = keys.some((key) => query.get(key));
  const open = (signal: Signal): void => go(`/signals/${signal.id}${location.search}`);
  const replace = (changed: Signal): void => list.change((items) => items.map((item) => (item.id === changed.id ? changed : item)));
  return (
    <div className={chosen ? 'columns master chosen' : 'columns master'}>
      <section className="panel master-list" aria-label={t('signals.list')}>
        <Filters />
        <div className="list-bar">
          <h2>{t('signals.list')}</h2>
          <span className="row">
            {waiting > 0 && <Button tone="quiet" onClick={() => { set_waiting(0); list.reload(); }}>{t('signals.new', { n: waiting })}</Button>}
            {filtered && <Button tone="quiet" onClick={() => go('/signals')}>{t('action.clear')}</Button>}
            <CsvLink path={path} />
          </span>
        </div>
        <ListTable
          label={t('signals.list')}
          list={list}
          row_key={(signal) => signal.id}
          onOpen={open}
          selected={(signal) => signal.id === chosen}
          empty={t('signals.empty')}
          empty_hint={t('signals.empty_hint')}
          columns={[
            {
              head: t('signals.document'), wide: true, cell: (signal) => (
                <>
                  <span className="clip">{excerpt(signal.document.title || signal.document.text, 120)}</span>
                  <span className="fine">
                    {f.short_time(signal.document.published_at || signal.created_at)}
                    {signal.entities[0] && <> · {signal.entities[0].canonical || signal.entities[0].text}</>}
                  </span>
                </>
              ),
            },
            { head: t('signals.risk'), cell: (signal) => <RiskTag risk={signal.risk} /> },
            { head: t('signals.severity_head'), cell: (signal) => <Severity value={signal.severity} /> },
            { head: t('operations.probability'), cell: (signal) => <Probability value={signal.probability} interval={signal.interval} /> },
            { head: t('signals.feedback'), cell: (signal) => signal.feedback && <Badge tone={signal.feedback.verdict === 'accept' ? 'good' : 'accent'}>{name('verdict', signal.feedback.verdict)}</Badge> },
          ]}
        />
      </section>
      <div className="master-detail">
        {chosen ? <SignalDetail key={chosen} id={chosen} onChange={replace} /> : <div className="stack"><Panel className="choose"><Empty title={t('signals.choose')}>{t('signals.choose_hint')}</Empty></Panel><AddDocument done={list.reload} /></div>}
      </div>
    </div>
  );
}
