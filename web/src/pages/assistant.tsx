// SPDX-License-Identifier: Apache-2.0
// The customer assistant: a conversation whose answers cite their sources, say that they do not know, or hand over.
import { useEffect, useRef, useState, type FormEvent, type ReactNode } from 'react';
import { get, post_stream, Problem } from '../api/client';
import type { ChatAnswer, Citation } from '../api/types';
import { plain_name } from '../lib/format';
import { useWords } from '../lib/language';
import { useList } from '../lib/resource';
import { Link } from '../lib/router';
import { Button, Empty, Failure, Field, Panel } from '../ui/basic';

interface Turn {
  mine: boolean;
  text: string;
  answer?: ChatAnswer;
}

interface Conversation {
  id: string;
  title?: string;
  created_at?: string;
  updated_at?: string;
}

interface Transcript {
  id: string;
  turns?: { role: string; text: string; answer?: ChatAnswer | null }[];
  messages?: { role: string; text?: string; content?: string; answer?: ChatAnswer | null }[];
}

function turns_of(transcript: Transcript): Turn[] {
  const rows = transcript.turns ?? transcript.messages ?? [];
  return rows.map((row) => ({
    mine: row.role === 'user' || row.role === 'customer',
    text: 'content' in row ? (row.content ?? row.text ?? '') : (row.text ?? ''),
    ...(row.answer ? { answer: row.answer } : {}),
  }));
}

function Sources({ citations }: { citations: readonly Citation[] }): ReactNode {
  const { t } = useWords();
  if (citations.length === 0) return null;
  return (
    <div className="sources" aria-label={t('assistant.citations')}>
      {citations.map((citation, i) => (
        <details key={i}>
          <summary>[{i + 1}] {citation.title || citation.document}{citation.section ? ` · ${citation.section}` : ''}</summary>
          <blockquote>{citation.text}</blockquote>
        </details>
      ))}
    </div>
  );
}

function Bubble({ turn, onAsk }: { turn: Turn; onAsk: (question: string) => void }): ReactNode {
  const { t, f } = useWords();
  const { answer } = turn;
  return (
    <div className={turn.mine ? 'bubble mine' : 'bubble'}>
      <p className="bubble-who">
        {turn.mine ? t('assistant.you') : t('assistant.assistant')}
        {answer?.intent && <> · {t('assistant.intent')}: {plain_name(answer.intent.name)} {f.percent(answer.intent.probability)}</>}
      </p>
      <p className="bubble-text">{turn.text || t('assistant.writing')}</p>
      {answer?.status === 'unknown' && <p className="note">{t('assistant.unknown')}</p>}
      {answer?.handover && (
        <div className="note warn">
          <p><b>{t('assistant.handover')}</b></p>
          <p>{t('assistant.handover_why')}: {answer.handover.reason}</p>
          <p className="wrap-any">{t('assistant.handover_summary')}: {answer.handover.summary}</p>
        </div>
      )}
      {answer && <Sources citations={answer.citations} />}
      {answer?.suggestions && answer.suggestions.length > 0 && (
        <p className="row suggestions">{answer.suggestions.map((question) => <Button key={question} onClick={() => onAsk(question)}>{question}</Button>)}</p>
      )}
      {answer?.decision_id && <p className="fine"><Link to={`/decisions/${answer.decision_id}`}>{t('signals.explain')}</Link></p>}
    </div>
  );
}

export default function AssistantPage(): ReactNode {
  const { t, f, language } = useWords();
  const conversations = useList<Conversation>('/v1/assist/conversations');
  const [conversation, set_conversation] = useState<string | null>(null);
  const [turns, set_turns] = useState<Turn[]>([]);
  const [message, set_message] = useState('');
  const [busy, set_busy] = useState(false);
  const [problem, set_problem] = useState<Problem | null>(null);
  const end = useRef<HTMLDivElement>(null);
  useEffect(() => {
    end.current?.scrollIntoView({ block: 'nearest' });
  }, [turns]);

  const last = (change: (turn: Turn) => Turn): void => set_turns((old) => old.map((turn, i) => (i === old.length - 1 ? change(turn) : turn)));
  const ask = async (text: string): Promise<void> => {
    set_busy(true);
    set_problem(null);
    set_message('');
    set_turns((old) => [...old, { mine: true, text }, { mine: false, text: '' }]);
    try {
      await post_stream('/v1/assist/chat', { message: text, language, ...(conversation ? { conversation } : {}) }, ({ event, data }) => {
        const body = JSON.parse(data) as { text?: string } & Partial<ChatAnswer>;
        if (event === 'delta') last((turn) => ({ ...turn, text: turn.text + (body.text ?? '') }));
        if (event === 'done') {
          const answer = body as ChatAnswer;
          set_conversation(answer.conversation);
          last(() => ({ mine: false, text: answer.answer, answer }));
        }
      });
      conversations.reload();
    } catch (error) {
      // A conversation ends with the server's process: the next question begins another.
      if (error instanceof Problem && error.status === 404) set_conversation(null);
      set_turns((old) => old.slice(0, -2));
      set_message(text);
      set_problem(error instanceof Problem ? error : new Problem(0, { title: 'unexpected', detail: String(error) }));
    } finally {
      set_busy(false);
    }
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (message.trim() !== '' && !busy) void ask(message.trim());
  };
  const open = async (id: string): Promise<void> => {
    set_problem(null);
    try {
      set_turns(turns_of(await get<Transcript>(`/v1/assist/conversations/${encodeURIComponent(id)}`)));
      set_conversation(id);
    } catch (error) {
      if (error instanceof Problem) set_problem(error);
    }
  };
  const start = (): void => {
    set_conversation(null);
    set_turns([]);
    set_problem(null);
  };
  const absent = (status: number | undefined): boolean => status === 501 || status === 404;
  const not_loaded = turns.length === 0 && (absent(problem?.status) || absent(conversations.problem?.status));
  return (
    <div className="columns main-side">
      <section className="panel chat" aria-label={t('assistant.title')}>
        <div className="chat-log" role="log" aria-live="polite" tabIndex={0}>
          {not_loaded ? <Empty title={t('assistant.not_loaded')}><p>{t('assistant.not_loaded_hint')}</p></Empty>
            : turns.length === 0 && <Empty title={t('assistant.empty')}>{t('assistant.empty_hint')}</Empty>}
          {turns.map((turn, i) => <Bubble key={i} turn={turn} onAsk={(question) => { if (!busy) void ask(question); }} />)}
          {problem && !not_loaded && <Failure problem={problem} />}
          <div ref={end} />
        </div>
        <form onSubmit={submit}>
          <Field label={<span className="hidden-words">{t('assistant.message')}</span>}>
            {(id) => (
              <textarea id={id} className="area" rows={2} placeholder={t('assistant.message')} value={message} onChange={(event) => set_message(event.target.value)} onKeyDown={(event) => {
                if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) submit(event);
              }} />
            )}
          </Field>
          <Button tone="main" type="submit" icon="send" busy={busy} disabled={message.trim() === ''}>{t('assistant.send')}</Button>
        </form>
      </section>
      <div className="stack">
        <Panel title={t('assistant.conversations')} aside={<Button tone="quiet" onClick={start}>{t('assistant.new')}</Button>} flush>
          <ul className="feed">
            {conversations.items.map((item) => (
              <li key={item.id}>
                <button type="button" className="feed-button" aria-current={item.id === conversation} onClick={() => void open(item.id)}>
                  <span className="clip">{item.title || item.id}</span>
                  <span className="fine">{f.short_time(item.updated_at ?? item.created_at)}</span>
                </button>
              </li>
            ))}
          </ul>
        </Panel>
        <p className="fine">{t('assistant.privacy')}</p>
      </div>
    </div>
  );
}
