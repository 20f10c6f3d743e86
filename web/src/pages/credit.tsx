// SPDX-License-Identifier: Apache-2.0
// Credit: an application and its decision, what would change it, whether groups are treated alike, what was decided.
import { useState, type ReactNode } from 'react';
import { with_query } from '../api/client';
import type { CreditModel, CreditVerdict, Decision } from '../api/types';
import { useWords } from '../lib/language';
import { useList } from '../lib/resource';
import { set_query, usePlace } from '../lib/router';
import { Empty, Failure, Field, Loading, Panel, Tabs } from '../ui/basic';
import { CsvLink } from '../ui/table';
import { Application } from './credit_application';
import { FairnessPanel } from './credit_fairness';
import { WhatIfPanel } from './credit_what_if';
import { DecisionTable } from './decision_table';

const tabs = ['apply', 'what_if', 'fairness', 'past'] as const;
export type Values = Readonly<Record<string, string>>;

function Past(): ReactNode {
  const { t } = useWords();
  const path = with_query('/v1/credit/applications', {});
  const list = useList<Decision>(path);
  return (
    <Panel title={t('credit.tab_past')} aside={<CsvLink path={path} />} flush>
      <DecisionTable list={list} empty={t('credit.past_empty')} hint={t('credit.nothing_hint')} />
    </Panel>
  );
}

function WithModel({ model }: { model: CreditModel }): ReactNode {
  const { t } = useWords();
  const { query } = usePlace();
  const tab = tabs.find((known) => known === query.get('tab')) ?? 'apply';
  // The application outlives a change of tab: the sliders start from it.
  const [values, set_values] = useState<Values>({});
  const [verdict, set_verdict] = useState<CreditVerdict | null>(null);
  return (
    <>
      <Tabs label={t('nav.credit')} value={tab} onChange={(value) => set_query({ tab: value === 'apply' ? null : value })} tabs={tabs.map((key) => [key, t(`credit.tab_${key}`)] as const)} />
      {tab === 'apply' && <Application model={model} values={values} onValues={set_values} verdict={verdict} onVerdict={set_verdict} />}
      {tab === 'what_if' && (verdict ? <WhatIfPanel model={model} values={values} /> : (
        <Panel><Empty title={t('credit.what_if_empty')}><p>{t('credit.what_if_empty_hint')}</p></Empty></Panel>
      ))}
      {tab === 'fairness' && <FairnessPanel model={model} />}
      {tab === 'past' && <Past />}
    </>
  );
}

export default function CreditPage(): ReactNode {
  const { t } = useWords();
  const { query } = usePlace();
  const list = useList<CreditModel>('/v1/credit/models');
  if (list.problem) return <Failure problem={list.problem} retry={list.reload} />;
  const model = list.items.find((item) => item.id === query.get('model')) ?? list.items[0];
  if (!model) {
    return list.loading ? <Loading lines={8} /> : (
      <Panel>
        <Empty title={t('credit.empty')}>
          <p>{t('credit.empty_hint')}</p>
          <p><code>ballast credit train --data loans.csv --label outcome --bad default --output models/loans</code></p>
          <p><code>ballast serve --credit models/loans --policy policy.toml</code></p>
        </Empty>
      </Panel>
    );
  }
  return (
    <>
      {list.items.length > 1 && (
        <div className="model-choice">
          <Field label={t('credit.model')} inline>
            {(id) => (
              <select id={id} className="select narrow" value={model.id} onChange={(event) => set_query({ model: event.target.value })}>
                {list.items.map((item) => <option key={item.id} value={item.id}>{item.id}</option>)}
              </select>
            )}
          </Field>
        </div>
      )}
      <WithModel key={model.id} model={model} />
    </>
  );
}
