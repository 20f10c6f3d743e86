// SPDX-License-Identifier: Apache-2.0
// Transactions to a probability of fraud, an action and the reasons.
import { useState, type ReactNode } from 'react';
import { post } from '../api/client';
import type { Rejected, ScoredRow } from '../api/types';
import { useWords } from '../lib/language';
import { useAction } from '../lib/resource';
import { go } from '../lib/router';
import { useSession } from '../lib/session';
import { Button, Empty, Failure, Panel, Probability } from '../ui/basic';
import { RowsInput, usable_rows } from '../ui/csv_input';
import { Table } from '../ui/table';
import { OutcomeBadge } from './decision_table';

interface Rule {
  name?: string;
  rule?: string;
  reason?: string;
}

interface Checked extends ScoredRow {
  rules?: (string | Rule)[];
}

export function rule_words(rule: string | Rule): string {
  return typeof rule === 'string' ? rule : [rule.name ?? rule.rule, rule.reason].filter(Boolean).join(': ');
}

export function RejectedRows({ rows }: { rows: readonly Rejected[] }): ReactNode {
  const { t } = useWords();
  if (rows.length === 0) return null;
  return (
    <details className="note warn">
      <summary>{t('customers.rejected', { n: rows.length })}</summary>
      <ul>{rows.slice(0, 20).map((row, i) => <li key={i}>{t('operations.row')} {row.row ?? row.index}{row.column ? `, ${row.column}` : ''}: {row.reason}</li>)}</ul>
    </details>
  );
}

export function TransactionsTab(): ReactNode {
  const { t } = useWords();
  const { may } = useSession();
  const [text, set_text] = useState('');
  const rows = usable_rows(text);
  const check = useAction(() => post<{ items: Checked[]; rejected: Rejected[] }>('/v1/operations/transactions', { transactions: rows ?? [] }));
  return (
    <div className="stack">
      <Panel title={t('operations.tab_transactions')}>
        <div className="stack tight">
          <RowsInput label={t('operations.tab_transactions')} hint={t('operations.tx_hint')} value={text} onChange={set_text} />
          <div className="row"><Button tone="main" busy={check.busy} disabled={rows === null || !may('analyst')} onClick={() => void check.run()}>{t('operations.tx_run')}</Button></div>
        </div>
      </Panel>
      {check.problem && <Failure problem={check.problem} />}
      {check.data ? (
        <Panel flush>
          <Table
            label={t('operations.tab_transactions')}
            rows={check.data.items}
            row_key={(row) => String(row.row)}
            onOpen={(row) => row.decision_id && go(`/decisions/${row.decision_id}`)}
            columns={[
              { head: t('customers.customer'), cell: (row) => row.subject || row.row },
              { head: t('operations.action'), cell: (row) => <OutcomeBadge outcome={row.action ?? null} /> },
              { head: t('operations.probability'), cell: (row) => <Probability value={row.probability} interval={row.interval} digits={1} /> },
              { head: t('operations.reasons'), wide: true, cell: (row) => row.reasons.slice(0, 2).map((reason) => <p key={reason.code}>{reason.text}</p>) },
              { head: t('operations.rules'), cell: (row) => (row.rules ?? []).map(rule_words).join('; ') },
            ]}
          />
          <RejectedRows rows={check.data.rejected ?? []} />
        </Panel>
      ) : !check.problem && <Panel><Empty title={t('operations.tx_empty')}>{t('operations.tx_hint')}</Empty></Panel>}
    </div>
  );
}
