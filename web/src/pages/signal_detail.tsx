// SPDX-License-Identifier: Apache-2.0
// One signal: its text with what gave it away, how the score came about, and what people say of it.
import { useEffect, useState, type ReactNode } from 'react';
import { post } from '../api/client';
import { risks, type Attribution, type AttentionMaps, type Feedback, type Signal } from '../api/types';
import { useWords } from '../lib/language';
import { useAction, useResource } from '../lib/resource';
import { go, Link } from '../lib/router';
import { useSession } from '../lib/session';
import { excerpt, type Span } from '../lib/spans';
import { Badge, Button, Facts, Failure, Field, Loading, Panel, Probability, RiskTag, Segments, Severity } from '../ui/basic';
import { MarkedText } from '../ui/marked_text';
import { AttentionView } from './attention_view';

type View = 'evidence' | 'attribution' | 'attention';

function evidence_spans(signal: Signal): Span[] {
  const top = Math.max(1e-9, ...signal.evidence.map((item) => item.weight));
  return [
    ...signal.evidence.map((item) => ({ start: item.start, end: item.end, weight: item.weight / top, kind: 'evidence' })),
    ...signal.entities.map((item) => ({ start: item.start, end: item.end, weight: 1, kind: 'entity', note: item.canonical })),
  ];
}

function attribution_spans(attribution: Attribution): Span[] {
  const top = Math.max(1e-9, ...attribution.tokens.map((token) => Math.abs(token.weight)));
  return attribution.tokens.map((token) => ({
    start: token.start, end: token.end, weight: Math.abs(token.weight) / top, kind: token.weight >= 0 ? 'raises' : 'lowers',
    note: token.weight.toFixed(3),
  }));
}

function AttributionText({ signal }: { signal: Signal }): ReactNode {
  const { t } = useWords();
  const { data, problem, reload } = useResource<Attribution>(`/v1/signals/${signal.id}/attribution`);
  if (problem) return <Failure problem={problem} retry={reload} />;
  if (data === null) return <Loading lines={3} />;
  return (
    <>
      <MarkedText text={signal.document.text} spans={attribution_spans(data)} />
      <p className="fine">{t('signals.attribution_note', { up: t('signals.raises'), down: t('signals.lowers') })}</p>
    </>
  );
}

function AttentionText({ text }: { text: string }): ReactNode {
  const [layer, set_layer] = useState(0);
  const [head, set_head] = useState(0);
  const read = useAction((l: number, h: number) => post<AttentionMaps>('/v1/attention', { text, layer: l, head: h }));
  useEffect(() => {
    void read.run(layer, head);
  }, [layer, head]);
  if (read.problem) return <Failure problem={read.problem} />;
  if (read.data === null) return <Loading lines={3} />;
  return <AttentionView maps={read.data} layer={layer} head={head} onLayer={set_layer} onHead={set_head} />;
}

function Judgement({ signal, done }: { signal: Signal; done: () => void }): ReactNode {
  const { t, f, name } = useWords();
  const { may } = useSession();
  const [correcting, set_correcting] = useState(false);
  const [risk, set_risk] = useState('');
  const [severity, set_severity] = useState('');
  const [note, set_note] = useState('');
  const send = useAction(async (verdict: Feedback['verdict']) => {
    const answer = await post<Feedback>(`/v1/signals/${signal.id}/feedback`, {
      verdict,
      ...(verdict === 'correct' && risk ? { risk } : {}),
      ...(verdict === 'correct' && severity ? { severity: Number(severity) } : {}),
      ...(note ? { note } : {}),
    });
    set_correcting(false);
    set_note('');
    done();
    return answer;
  });
  const given = signal.feedback;
  return (
    <Panel title={t('feedback.title')}>
      <div className="stack tight">
        {given && (
          <div className="note good">
            <p>{t('feedback.given', { verdict: name('verdict', given.verdict), actor: given.actor, at: f.time(given.at) })}</p>
            <p className="row">
              {given.risk && <RiskTag risk={given.risk} />}
              {typeof given.severity === 'number' && <Severity value={given.severity} />}
              {given.note && <span>{given.note}</span>}
            </p>
          </div>
        )}
        {!may('analyst') ? <p className="fine">{t('feedback.role')}</p> : (
          <>
            <div className="row">
              <Button onClick={() => void send.run('accept')} busy={send.busy}>{t('feedback.accept')}</Button>
              <Button onClick={() => set_correcting(!correcting)} aria-expanded={correcting}>{t('feedback.correct')}</Button>
              <Button onClick={() => void send.run('reject')} busy={send.busy}>{t('feedback.reject')}</Button>
            </div>
            {correcting && (
              <form className="form-grid" onSubmit={(event) => { event.preventDefault(); void send.run('correct'); }}>
                <Field label={t('feedback.right_risk')}>
                  {(id) => (
                    <select id={id} className="select" value={risk} onChange={(event) => set_risk(event.target.value)}>
                      <option value="">{t('feedback.unchanged')}</option>
                      {risks.filter((key) => key !== signal.risk).map((key) => <option key={key} value={key}>{name('risk', key)}</option>)}
                    </select>
                  )}
                </Field>
                <Field label={t('feedback.right_severity')}>
                  {(id) => (
                    <select id={id} className="select" value={severity} onChange={(event) => set_severity(event.target.value)}>
                      <option value="">{t('feedback.unchanged')}</option>
                      {['0', '1', '2', '3'].map((key) => <option key={key} value={key}>{name('severity', key)}</option>)}
                    </select>
                  )}
                </Field>
                <Field label={t('feedback.note')}>
                  {(id) => <input id={id} className="input" value={note} onChange={(event) => set_note(event.target.value)} />}
                </Field>
                <Button tone="main" type="submit" busy={send.busy} disabled={!risk && !severity && !note}>{t('feedback.save')}</Button>
              </form>
            )}
            {send.problem && <Failure problem={send.problem} />}
          </>
        )}
      </div>
    </Panel>
  );
}

export function SignalDetail({ id, onChange }: { id: string; onChange: (signal: Signal) => void }): ReactNode {
  const { t, f, name } = useWords();
  const { data: signal, problem, reload } = useResource<Signal>(`/v1/signals/${encodeURIComponent(id)}`);
  const [view, set_view] = useState<View>('evidence');
  useEffect(() => {
    if (signal !== null) onChange(signal);
  }, [signal]);
  const back = (
    <Button tone="quiet" icon="back" className="button quiet back" onClick={() => go(`/signals${location.search}`)}>{t('action.back')}</Button>
  );
  if (problem) return <>{back}<Failure problem={problem} retry={reload} /></>;
  if (signal === null) return <Panel><Loading lines={8} /></Panel>;
  return (
    <div className="stack">
      {back}
      <Panel title={<span className="row"><RiskTag risk={signal.risk} /><Severity value={signal.severity} /></span>} aside={<Link to={`/decisions/${signal.id}`} className="button quiet">{t('signals.explain')}</Link>}>
        <div className="stack">
          <Probability value={signal.probability} interval={signal.interval} wide />
          {signal.document.title && signal.document.title !== signal.document.text && <h3 className="document-title">{signal.document.title}</h3>}
          <Segments label={t('signals.view')} value={view} onChange={set_view} options={[
            ['evidence', t('signals.view_evidence')], ['attribution', t('signals.view_attribution')], ['attention', t('signals.view_attention')],
          ]} />
          {view === 'evidence' && <MarkedText text={signal.document.text} spans={evidence_spans(signal)} />}
          {view === 'attribution' && <AttributionText signal={signal} />}
          {view === 'attention' && <AttentionText text={signal.document.text} />}
          {view === 'evidence' && signal.evidence.length === 0 && <p className="fine">{t('signals.no_evidence')}</p>}
          {view === 'evidence' && signal.evidence.length > 0 && (
            <ul className="bars" aria-label={t('signals.evidence')}>
              {signal.evidence.map((item) => (
                <li key={item.start}>
                  <span className="clip" title={item.text}>{item.text}</span>
                  <span className="track" aria-hidden="true"><span className="fill" style={{ width: `${Math.min(1, Math.abs(item.weight)) * 100}%` }} /></span>
                  <span className="num">{f.number(item.weight, 2)}</span>
                </li>
              ))}
            </ul>
          )}
          <Facts items={[
            [t('signals.sentiment'), name('sentiment', signal.sentiment)],
            !!signal.basel && [t('signals.basel'), name('basel', signal.basel)],
            [t('signals.published'), f.time(signal.document.published_at || signal.document.created_at || signal.created_at)],
            !!signal.document.source && [t('signals.source'), signal.document.source],
            [t('signals.model'), signal.model],
            signal.entities.length > 0 && [t('signals.entities'), <span className="row" key="entities">{[...new Set(signal.entities.map((item) => item.canonical || item.text))].map((entity) => <Badge key={entity} tone="none">{entity}</Badge>)}</span>],
          ]} />
        </div>
      </Panel>
      <Judgement signal={signal} done={reload} />
      {signal.similar && signal.similar.length > 0 && (
        <Panel title={t('signals.similar')} flush>
          <ul className="feed">
            {signal.similar.map((other) => (
              <li key={other.id}>
                <Link to={`/signals/${other.id}`} className="feed-title">{excerpt(other.document.title || other.document.text, 100)}</Link>
                <div className="feed-line"><Severity value={other.severity} /><Probability value={other.probability} interval={other.interval} /><span className="fine">{f.short_time(other.document.published_at || other.created_at)}</span></div>
              </li>
            ))}
          </ul>
        </Panel>
      )}
    </div>
  );
}
