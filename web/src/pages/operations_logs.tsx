// SPDX-License-Identifier: Apache-2.0
// Log lines to templates, and to windows that are unlike what the model learnt, with the line that stands out.
import { useState, type ReactNode } from 'react';
import { post } from '../api/client';
import { useWords } from '../lib/language';
import { useAction } from '../lib/resource';
import { Badge, Button, Empty, Failure, Panel } from '../ui/basic';
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
  anomalous: boolean;
  decision_id: string | null;
  lines: { line: number; text: string; surprise: number }[];
}

function WindowView({ window }: { window: Window }): ReactNode {
  const { t, f } = useWords();
  const top = Math.max(1e-9, ...window.lines.map((line) => line.surprise));
  return (
    <details className="window" open={window.anomalous}>
      <summary>
        <span className="num">{t('operations.line')} {f.count(window.first_line)}–{f.count(window.last_line)}</span>
        <Badge tone={window.anomalous ? 'critical' : 'good'}>{window.anomalous ? t('operations.anomalous') : t('operations.normal')}</Badge>
        <span className="fine num">{f.number(window.score, 3)} · {t('operations.threshold', { value: f.number(window.threshold, 3) })}</span>
      </summary>
      <ol className="log">
        {window.lines.map((line) => (
          <li key={line.line} style={{ backgroundColor: line.surprise >= 0.5 * top ? `rgba(var(--mark), ${(0.35 * line.surprise / top).toFixed(2)})` : undefined }}>
            <span className="num fine">{line.line}</span>
            <code>{line.text}</code>
            <span className="num">{f.number(line.surprise, 2)}</span>
          </li>
        ))}
      </ol>
    </details>
  );
}

export function LogsTab(): ReactNode {
  const { t, f } = useWords();
  const { may } = useSession();
  const [text, set_text] = useState('');
  const lines = text.split('\n').map((line) => line.trimEnd()).filter((line) => line !== '');
  const templates = useAction(() => post<Templates>('/v1/operations/templates', { lines }));
  const anomalies = useAction(() => post<{ items: Window[] }>('/v1/operations/log-anomalies', { lines }));
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
            {anomalies.data.items.map((window) => <WindowView key={window.first_line} window={window} />)}
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
