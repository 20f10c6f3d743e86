// SPDX-License-Identifier: Apache-2.0
// The small parts that every page is made of: panels, states, buttons, fields, badges, bars.
import { useId, type ButtonHTMLAttributes, type ReactNode } from 'react';
import type { Problem } from '../api/client';
import { risks, type Interval } from '../api/types';
import { useWords } from '../lib/language';
import { Icon, type IconName } from './icons';

export function Panel(props: { title?: ReactNode; aside?: ReactNode; children: ReactNode; className?: string; flush?: boolean }): ReactNode {
  const id = useId();
  return (
    <section className={`panel ${props.className ?? ''}`} {...(props.title ? { 'aria-labelledby': id } : {})}>
      {(props.title || props.aside) && (
        <header className="panel-head">
          <h2 id={id}>{props.title}</h2>
          {props.aside && <div className="panel-aside">{props.aside}</div>}
        </header>
      )}
      <div className={props.flush ? 'panel-body flush' : 'panel-body'}>{props.children}</div>
    </section>
  );
}

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  tone?: 'main' | 'plain' | 'quiet' | 'danger';
  icon?: IconName;
  busy?: boolean;
}

export function Button({ tone = 'plain', icon, busy = false, children, disabled, type = 'button', ...rest }: ButtonProps): ReactNode {
  return (
    <button type={type} className={`button ${tone}`} disabled={disabled === true || busy} aria-busy={busy} {...rest}>
      {icon && <Icon name={icon} size={14} />}
      {children}
    </button>
  );
}

export function Field(props: { label: ReactNode; hint?: ReactNode; error?: string | undefined; children: (id: string) => ReactNode; inline?: boolean }): ReactNode {
  const id = useId();
  return (
    <div className={props.inline ? 'field inline' : 'field'}>
      <label htmlFor={id}>{props.label}</label>
      {props.children(id)}
      {props.hint && <p className="hint">{props.hint}</p>}
      {props.error && <p className="field-error" role="alert">{props.error}</p>}
    </div>
  );
}

/** Nothing to show, and what to do about it. */
export function Empty({ title, children }: { title: ReactNode; children?: ReactNode }): ReactNode {
  return (
    <div className="state">
      <p className="state-title">{title}</p>
      {children && <div className="state-text">{children}</div>}
    </div>
  );
}

export function Failure({ problem, retry }: { problem: Problem; retry?: () => void }): ReactNode {
  const { t } = useWords();
  const what =
    problem.status === 0 ? t('error.unreachable')
    : problem.status === 403 ? t('error.forbidden')
    : problem.status === 404 ? t('error.not_found')
    : problem.status === 501 ? t('error.unsupported')
    : problem.status === 503 || problem.status === 429 ? t('error.busy')
    : (problem.document.title ?? t('error.unexpected'));
  const { detail, hint, where, request_id } = problem.document;
  return (
    <div className="state failure" role="alert">
      <p className="state-title">{what}</p>
      <div className="state-text">
        {problem.status === 0 && <p>{t('error.unreachable_hint')}</p>}
        {detail && <p>{where ? `${where}: ` : ''}{detail}</p>}
        {hint && <p>{hint}</p>}
        {request_id && <p className="fine">{t('error.request_id')} <code>{request_id}</code></p>}
      </div>
      {retry && <Button onClick={retry}>{t('action.retry')}</Button>}
    </div>
  );
}

export function Loading({ lines = 4 }: { lines?: number }): ReactNode {
  const { t } = useWords();
  return (
    <div className="loading" role="status">
      <span className="hidden-words">{t('state.loading')}</span>
      {Array.from({ length: lines }, (_, i) => (
        <span key={i} className="skeleton" style={{ width: `${92 - ((i * 17) % 40)}%` }} />
      ))}
    </div>
  );
}

export type Tone = 'critical' | 'material' | 'watch' | 'none' | 'good' | 'accent';

export function Badge({ tone, children }: { tone: Tone; children: ReactNode }): ReactNode {
  return <span className={`badge ${tone}`}>{children}</span>;
}

const severities: readonly Tone[] = ['none', 'watch', 'material', 'critical'];
export function Severity({ value }: { value: number }): ReactNode {
  const { name } = useWords();
  return <Badge tone={severities[value] ?? 'none'}>{name('severity', String(value))}</Badge>;
}

export function RiskTag({ risk }: { risk: string }): ReactNode {
  const { name } = useWords();
  return (
    <span className="risk-tag">
      <span className="swatch" style={{ background: `var(--risk-${risk}, var(--text-3))` }} aria-hidden="true" />
      {name('risk', risk)}
    </span>
  );
}

/** "credit: Acme defaulted…" as the server words an alert: the kind of risk becomes its tag. */
export function AlertTitle({ title }: { title: string }): ReactNode {
  const match = /^(\w+): (.*)$/s.exec(title);
  const risk = risks.find((known) => known === match?.[1]);
  return risk ? <>{match?.[2]} <RiskTag risk={risk} /></> : title;
}

/** A probability with its 90 % interval on a scale from 0 to 1. */
export function Probability({ value, interval, digits = 0, wide = false }: { value: number; interval?: Interval | null | undefined; digits?: number; wide?: boolean }): ReactNode {
  const { f, t } = useWords();
  const range = interval ? t('probability.interval', { lo: f.percent(interval[0], digits), hi: f.percent(interval[1], digits) }) : '';
  return (
    <span className={wide ? 'probability wide' : 'probability'} title={range}>
      <span className="num">{f.percent(value, digits)}</span>
      <span className="track" aria-hidden="true">
        <span className="fill" style={{ width: `${value * 100}%` }} />
        {interval && <span className="band" style={{ left: `${interval[0] * 100}%`, width: `${Math.max(1, (interval[1] - interval[0]) * 100)}%` }} />}
      </span>
      {wide && interval && <span className="fine num">{range}</span>}
    </span>
  );
}

export function Tabs<K extends string>(props: { label: string; tabs: readonly (readonly [K, string])[]; value: K; onChange: (tab: K) => void }): ReactNode {
  const move = (step: number): void => {
    const at = props.tabs.findIndex(([key]) => key === props.value);
    const next = props.tabs[(at + step + props.tabs.length) % props.tabs.length];
    if (next) {
      props.onChange(next[0]);
      document.getElementById(`tab-${next[0]}`)?.focus();
    }
  };
  return (
    <div className="tabs" role="tablist" aria-label={props.label} onKeyDown={(event) => {
      if (event.key === 'ArrowRight') move(1);
      else if (event.key === 'ArrowLeft') move(-1);
      else return;
      event.preventDefault();
    }}>
      {props.tabs.map(([key, words]) => (
        <button key={key} id={`tab-${key}`} type="button" role="tab" aria-selected={key === props.value} tabIndex={key === props.value ? 0 : -1} onClick={() => props.onChange(key)}>
          {words}
        </button>
      ))}
    </div>
  );
}

export function Segments<K extends string>(props: { label: string; options: readonly (readonly [K, string])[]; value: K; onChange: (value: K) => void }): ReactNode {
  return (
    <div className="segments" role="group" aria-label={props.label}>
      {props.options.map(([key, words]) => (
        <button key={key} type="button" aria-pressed={key === props.value} onClick={() => props.onChange(key)}>{words}</button>
      ))}
    </div>
  );
}

export function Facts({ items }: { items: readonly (readonly [ReactNode, ReactNode] | null | false)[] }): ReactNode {
  return (
    <dl className="facts">
      {items.map((item, i) => item && (
        <div key={i}>
          <dt>{item[0]}</dt>
          <dd>{item[1]}</dd>
        </div>
      ))}
    </dl>
  );
}
