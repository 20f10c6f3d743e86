// SPDX-License-Identifier: Apache-2.0
// Customers: who is likely to leave, answer or buy, why, and which offers suit.
import { useState, type ReactNode } from 'react';
import { post } from '../api/client';
import type { Candidate, CreditInput, Offers, Rejected, ScoredRow } from '../api/types';
import { plain_name } from '../lib/format';
import { useWords } from '../lib/language';
import { useAction, useList } from '../lib/resource';
import { go, set_query, usePlace } from '../lib/router';
import { useSession } from '../lib/session';
import { Button, Empty, Failure, Field, Loading, Panel, Probability } from '../ui/basic';
import { RowsInput, usable_rows } from '../ui/csv_input';
import { Table } from '../ui/table';
import { middle_value } from './credit_application';
import { CandidateTable } from './models';
import { RejectedRows } from './operations_transactions';

interface CustomerModel {
  id: string;
  label?: string;
  champion: string;
  inputs: CreditInput[];
  candidates: Candidate[];
}

function Scored({ model, data }: { model: CustomerModel; data: { items: ScoredRow[]; rejected: Rejected[] } }): ReactNode {
  const { t } = useWords();
  return (
    <Panel title={t('customers.result')} flush>
      <Table
        label={t('customers.result')}
        rows={[...data.items].sort((a, b) => b.probability - a.probability)}
        row_key={(row) => String(row.row)}
        onOpen={(row) => row.decision_id && go(`/decisions/${row.decision_id}`)}
        columns={[
          { head: t('customers.customer'), cell: (row) => row.subject || `${t('operations.row')} ${row.row}` },
          { head: t('customers.probability', { label: model.label ?? model.id }), cell: (row) => <Probability value={row.probability} interval={row.interval} digits={1} /> },
          { head: t('customers.main_reasons'), wide: true, cell: (row) => row.reasons.slice(0, 3).map((reason, i) => <p key={i}>{reason.text}</p>) },
        ]}
      />
      <RejectedRows rows={data.rejected ?? []} />
    </Panel>
  );
}

function Offered({ data }: { data: { items: Offers[] } }): ReactNode {
  const { t, f } = useWords();
  const rows = data.items.flatMap((item) => item.offers.map((offer) => ({ ...offer, row: item.row, decision_id: item.decision_id })));
  const left_out = data.items.flatMap((item) => item.left_out.map((offer) => ({ ...offer, row: item.row })));
  return (
    <Panel title={t('customers.offers')} flush>
      <Table
        label={t('customers.offers')}
        rows={rows}
        row_key={(row) => `${row.row}/${row.product}`}
        onOpen={(row) => row.decision_id && go(`/decisions/${row.decision_id}`)}
        columns={[
          { head: t('operations.row'), numeric: true, cell: (row) => row.row },
          { head: t('customers.product'), cell: (row) => <b>{row.product}</b> },
          { head: t('operations.probability'), cell: (row) => <Probability value={row.probability} interval={row.interval} digits={1} /> },
          { head: t('customers.value'), numeric: true, cell: (row) => f.money(row.expected_value) },
          { head: t('customers.main_reasons'), wide: true, cell: (row) => (row.reasons ?? []).slice(0, 2).map((reason, i) => <p key={i}>{reason.text}</p>) },
        ]}
      />
      {left_out.length > 0 && (
        <details className="note">
          <summary>{t('customers.left_out')}: {left_out.length}</summary>
          <ul>{left_out.slice(0, 30).map((offer, i) => <li key={i}>{t('operations.row')} {offer.row}, {offer.product}: {plain_name(offer.why)}</li>)}</ul>
        </details>
      )}
    </Panel>
  );
}

function WithModel({ model }: { model: CustomerModel }): ReactNode {
  const { t, language } = useWords();
  const { may, has } = useSession();
  const [text, set_text] = useState('');
  const rows = usable_rows(text);
  const score = useAction(() => post<{ items: ScoredRow[]; rejected: Rejected[] }>('/v1/customers/score', { model: model.id, customers: rows ?? [], language }));
  const recommend = useAction(() => post<{ items: Offers[] }>('/v1/customers/recommend', { customers: rows ?? [], language }));
  const example = (): void => set_text(`${model.inputs.map((input) => input.name).join(',')}\n${model.inputs.map((input) => middle_value(input) || '1').join(',')}\n`);
  return (
    <div className="stack">
      <Panel title={t('customers.rows')} aside={<Button tone="quiet" onClick={example}>{t('customers.example')}</Button>}>
        <div className="stack tight">
          <RowsInput label={t('customers.rows')} hint={t('customers.rows_hint', { columns: model.inputs.map((input) => input.name).join(', ') })} value={text} onChange={set_text} />
          <div className="row">
            <Button tone="main" busy={score.busy} disabled={rows === null || !may('analyst')} onClick={() => void score.run()}>{t('customers.score')}</Button>
            {has('offers') && <Button busy={recommend.busy} disabled={rows === null || !may('analyst')} onClick={() => void recommend.run()}>{t('customers.recommend')}</Button>}
          </div>
        </div>
      </Panel>
      {score.problem && <Failure problem={score.problem} />}
      {recommend.problem && <Failure problem={recommend.problem} />}
      {score.data ? <Scored model={model} data={score.data} /> : !score.problem && <Panel><Empty title={t('customers.nothing')}>{t('customers.nothing_hint')}</Empty></Panel>}
      {recommend.data && <Offered data={recommend.data} />}
      <Panel title={t('customers.candidates')} flush><CandidateTable candidates={model.candidates} champion={model.champion} /></Panel>
    </div>
  );
}

export default function CustomersPage(): ReactNode {
  const { t } = useWords();
  const { query } = usePlace();
  const list = useList<CustomerModel>('/v1/customers/models');
  if (list.problem) return <Failure problem={list.problem} retry={list.reload} />;
  const model = list.items.find((item) => item.id === query.get('model')) ?? list.items[0];
  if (!model) {
    return list.loading ? <Loading lines={8} /> : (
      <Panel>
        <Empty title={t('customers.empty')}>
          <p>{t('customers.empty_hint')}</p>
          <p><code>ballast customers train --data churn.csv --label left --positive yes --output models/churn</code></p>
          <p><code>ballast serve --customers models/churn</code></p>
        </Empty>
      </Panel>
    );
  }
  return (
    <>
      {list.items.length > 1 && (
        <div className="model-choice">
          <Field label={t('credit.model')} inline>
            {(id) => <select id={id} className="select narrow" value={model.id} onChange={(event) => set_query({ model: event.target.value })}>{list.items.map((item) => <option key={item.id} value={item.id}>{item.id}</option>)}</select>}
          </Field>
        </div>
      )}
      <WithModel key={model.id} model={model} />
    </>
  );
}
