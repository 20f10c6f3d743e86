// SPDX-License-Identifier: Apache-2.0
// Log lines to templates, and to windows that are unlike what the model learnt, with the line that stands out.
import { useState, type ReactNode } from 'react';
import { post } from '../api/client';
import { useWords } from '../lib/language';
import { useAction } from '../lib/resource';
import { Badge, Button, Empty, Failure, Panel } from '../ui/basic';
import { go } from '../lib/router';
import { useSession } from '../lib/session';
import { RowsInput } from '../ui/csv_input';
import { Table } from '../ui/table';

interface Templates {
  templates: { id: number; text: string; lines: number }[];
}

interface Window {
  first_line: number;
  last_line: number;
  score: number;
  threshold: number;
  anomaly: boolean;
  decision_id: string | null;
  /** The line that surprised most, where the window is an anomaly. */
  line?: number;
  text?: string;
  template?: string;
}

function Windows({ windows }: { windows: readonly Window[] }): ReactNode {
  const { t, f } = useWords();
  return (
    <Table
      label={t('operations.windows')}
      rows={[...windows].sort((a, b) => b.score - a.score)}
      row_key={(row) => String(row.first_line)}
      onOpen={(row) => row.decision_id && go(`/decisions/${row.decision_id}`)}
      columns={[
        { head: t('operations.line'), cell: (row) => <span className="num nowrap">{f.count(row.first_line)}–{f.count(row.last_line)}</span> },
        { head: t('operations.status'), cell: (row) => <Badge tone={row.anomaly ? 'critical' : 'good'}>{row.anomaly ? t('operations.anomalous') : t('operations.normal')}</Badge> },
        { head: t('operations.score'), numeric: true, cell: (row) => <>{f.number(row.score, 3)}<p className="fine">{t('operations.threshold', { value: f.number(row.threshold, 3) })}</p></> },
        { head: t('operations.surprising'), wide: true, cell: (row) => row.text && <><span className="fine num">{f.count(row.line)}</span> <code className="wrap-any">{row.text}</code></> },
      ]}
    />
  );
}

export function LogsTab(): ReactNode {
  const { t, f } = useWords();
  const { may } = useSession();
  const [text, set_text] = useState('');
  const lines = text.split('\n').map((line) => line.trimEnd()).filter((line) => line !== '');
  const templates = useAction(() => post<Templates>('/v1/operations/templates', { lines }));
  const anomalies = useAction(() => post<{ window: number; items: Window[] }>('/v1/operations/log-anomalies', { lines }));
  const nothing = templates.data === null && anomalies.data === null;
  return (
    <div className="columns two">
      <Panel title={t('operations.log_lines')}>
        <div className="stack tight">
          <RowsInput plain label={t('operations.log_lines')} hint={t('operations.log_hint')} file_label={t('operations.log_file')} value={text} onChange={set_text} lines={14} />
          <div className="row">
            <Button tone="main" busy={templates.busy} disabled={lines.length === 0 || !may('analyst')} onClick={() => void templates.run()}>{t('operations.run_templates')}</Button>
            <Button busy={anomalies.busy} disabled={lines.length === 0 || !may('analyst')} onClick={() => void anomalies.run()}>{t('operations.run_anomalies')}</Button>
          </div>
        </div>
      </Panel>
      <div className="stack">
        {templates.problem && <Failure problem={templates.problem} />}
        {anomalies.problem && <Failure problem={anomalies.problem} />}
        {nothing && <Panel><Empty title={t('operations.logs_empty')}>{t('operations.log_hint')}</Empty></Panel>}
        {anomalies.data && (
          <Panel title={t('operations.windows')} flush>
            {anomalies.data.items.length === 0 ? <Empty title={t('operations.too_few_lines', { n: anomalies.data.window })} /> : <Windows windows={anomalies.data.items} />}
          </Panel>
        )}
        {templates.data && (
          <Panel title={t('operations.templates')} flush>
            <Table
              label={t('operations.templates')}
              rows={[...templates.data.templates].sort((a, b) => a.lines - b.lines)}
              row_key={(row) => String(row.id)}
              columns={[
                { head: t('operations.template'), wide: true, cell: (row) => <code className="wrap-any">{row.text}</code> },
                { head: t('operations.lines'), numeric: true, cell: (row) => f.count(row.lines) },
              ]}
            />
          </Panel>
        )}
      </div>
    </div>
  );
}
