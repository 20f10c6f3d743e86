// SPDX-License-Identifier: Apache-2.0
// Reading one text at once: it is stored, the model reads it, and its strongest signal opens.
import { useState, type FormEvent, type ReactNode } from 'react';
import { get, post, with_query } from '../api/client';
import type { Assessment, Page, Rejected, Signal } from '../api/types';
import { useWords } from '../lib/language';
import { useAction } from '../lib/resource';
import { go } from '../lib/router';
import { useSession } from '../lib/session';
import { Button, Failure, Field, Panel } from '../ui/basic';

interface Added {
  items: { id: string; status: string; scan?: Pick<Assessment, 'severity' | 'sentiment'> | null }[];
  rejected?: Rejected[];
}

export function AddDocument({ done }: { done?: () => void }): ReactNode {
  const { t, name } = useWords();
  const { may } = useSession();
  const [text, set_text] = useState('');
  const read = useAction(async () => {
    const added = await post<Added>('/v1/documents?scan=true', { text: text.trim(), source: 'dashboard', published_at: new Date().toISOString() });
    const id = added.items[0]?.id;
    const found = id ? await get<Page<Signal>>(with_query('/v1/signals', { document_id: id, order: 'probability', limit: 1 })) : null;
    done?.();
    const strongest = found?.items[0];
    if (strongest) go(`/signals/${strongest.id}`);
    return added;
  });
  if (!may('analyst')) return null;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void read.run();
  };
  const quiet = read.data?.items[0]?.scan;
  const rejected = read.data?.rejected?.[0];
  return (
    <Panel title={t('add.title')}>
      <form className="stack tight" onSubmit={submit}>
        <Field label={t('add.text')} hint={t('add.hint')}>
          {(id) => <textarea id={id} className="area" rows={4} required value={text} onChange={(event) => set_text(event.target.value)} />}
        </Field>
        <div className="row"><Button tone="main" type="submit" busy={read.busy} disabled={text.trim() === ''}>{t('add.read')}</Button></div>
        {read.problem && <Failure problem={read.problem} />}
        {rejected && <p className="note warn">{rejected.reason}</p>}
        {quiet && <p className="note" role="status">{t('add.no_risk', { severity: name('severity', String(quiet.severity)), sentiment: name('sentiment', quiet.sentiment) })}</p>}
      </form>
    </Panel>
  );
}
