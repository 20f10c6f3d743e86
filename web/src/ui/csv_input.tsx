// SPDX-License-Identifier: Apache-2.0
// Rows from a person: pasted, or from a file of theirs. Says which line does not fit before anything is sent.
import type { ReactNode } from 'react';
import { parse_csv, type Csv } from '../lib/csv';
import { useWords } from '../lib/language';
import { Field } from './basic';

interface Props {
  label: string;
  hint?: string;
  value: string;
  onChange: (text: string) => void;
  lines?: number;
  plain?: boolean;
  file_label?: string;
}

/** The rows, or null where there are none or a line does not fit. */
export function usable_rows(text: string): Record<string, string>[] | null {
  const csv = parse_csv(text);
  return csv.rows.length > 0 && csv.errors.length === 0 ? csv.rows : null;
}

export function RowsInput({ label, hint, value, onChange, lines = 7, plain = false, file_label }: Props): ReactNode {
  const { t } = useWords();
  const csv: Csv | null = plain || value.trim() === '' ? null : parse_csv(value);
  const wrong = csv?.errors[0];
  const error = wrong ? t('csv.bad', { line: wrong.line, n: wrong.cells, m: wrong.expected }) : undefined;
  return (
    <div className="stack tight">
      <Field label={label} hint={hint} error={error}>
        {(id) => <textarea id={id} className="area code" rows={lines} spellCheck={false} value={value} onChange={(event) => onChange(event.target.value)} />}
      </Field>
      <label className="button file">
        <input type="file" className="hidden-words" accept=".csv,.tsv,.txt,.log,text/*" onChange={(event) => {
          const file = event.target.files?.[0];
          if (file) void file.text().then(onChange);
        }} />
        {file_label ?? t('customers.file')}
      </label>
    </div>
  );
}
