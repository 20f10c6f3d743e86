// SPDX-License-Identifier: Apache-2.0
// Markets: one instrument with its signals, tail and next session; advice on a portfolio; what was forecast before.
import type { ReactNode } from 'react';
import { with_query } from '../api/client';
import type { Decision, Instrument } from '../api/types';
import { useWords } from '../lib/language';
import { useList } from '../lib/resource';
import { set_query, usePlace } from '../lib/router';
import { Empty, Failure, Field, Loading, Panel, Segments, Tabs } from '../ui/basic';
import { AdvicePanel } from './markets_advice';
import { ForecastPanel } from './markets_forecast';
import { PricePanel } from './markets_price';
import { VarPanel } from './markets_var';
import { DecisionTable } from './decision_table';

const ranges = ['90', '365', '1826', 'all'] as const;
const tabs = ['instrument', 'advice', 'history'] as const;

function InstrumentTab(): ReactNode {
  const { t } = useWords();
  const { query } = usePlace();
  const list = useList<Instrument>('/v1/prices');
  if (list.problem) return <Failure problem={list.problem} retry={list.reload} />;
  if (list.items.length === 0) {
    return list.loading ? <Loading lines={6} /> : <Panel><Empty title={t('markets.empty')}><p>{t('markets.empty_hint')}</p></Empty></Panel>;
  }
  const chosen = list.items.find((item) => item.id === query.get('id')) ?? list.items[0];
  if (!chosen) return null;
  const range = ranges.find((known) => known === query.get('range')) ?? '365';
  const from = range === 'all' ? '' : new Date(Date.parse(chosen.last) - Number(range) * 86_400_000).toISOString().slice(0, 10);
  return (
    <div className="stack">
      <div className="toolbar">
        <Field label={t('markets.instrument')}>
          {(id) => (
            <select id={id} className="select" value={chosen.id} onChange={(event) => set_query({ id: event.target.value })}>
              {list.items.map((item) => <option key={item.id} value={item.id}>{item.id}</option>)}
            </select>
          )}
        </Field>
        <div className="field">
          <span className="label">{t('overview.range')}</span>
          <Segments label={t('overview.range')} value={range} onChange={(value) => set_query({ range: value === '365' ? null : value })} options={ranges.map((key) => [key, t(`markets.range_${key}`)] as const)} />
        </div>
        <Field label={t('markets.entity')} hint={t('markets.entity_hint')}>
          {(id) => <input key={query.get('entity')} id={id} className="input" type="search" defaultValue={query.get('entity') ?? ''} onBlur={(event) => set_query({ entity: event.target.value })} onKeyDown={(event) => { if (event.key === 'Enter') set_query({ entity: event.currentTarget.value }); }} />}
        </Field>
      </div>
      <PricePanel key={`price/${chosen.id}/${from}`} instrument={chosen} from={from} entity={query.get('entity') ?? ''} />
      <div className="columns two">
        <ForecastPanel key={`forecast/${chosen.id}`} instrument={chosen} />
        <VarPanel key={`var/${chosen.id}`} instrument={chosen} />
      </div>
    </div>
  );
}

function HistoryTab(): ReactNode {
  const { query } = usePlace();
  const list = useList<Decision>(with_query('/v1/forecasts', { kind: query.get('kind') }));
  return <Panel flush><DecisionTable list={list} /></Panel>;
}

export default function MarketsPage(): ReactNode {
  const { t } = useWords();
  const { query } = usePlace();
  const tab = tabs.find((known) => known === query.get('tab')) ?? 'instrument';
  return (
    <>
      <Tabs label={t('nav.markets')} value={tab} onChange={(value) => set_query({ tab: value === 'instrument' ? null : value })} tabs={tabs.map((key) => [key, t(`markets.tab_${key}`)] as const)} />
      {tab === 'instrument' && <InstrumentTab />}
      {tab === 'advice' && <AdvicePanel />}
      {tab === 'history' && <HistoryTab />}
    </>
  );
}
