// SPDX-License-Identifier: Apache-2.0
// The frame around every page: navigation, title, live state, language, theme, person. Pages are loaded when first opened.
import { lazy, Suspense, useEffect, useRef, useState, type ComponentType, type ReactNode } from 'react';
import { useWords } from './lib/language';
import { useLiveState } from './lib/live';
import { Link, usePlace } from './lib/router';
import { useSession } from './lib/session';
import { set_theme, useTheme } from './lib/theme';
import { Login } from './pages/login';
import { Button, Empty, Failure, Loading } from './ui/basic';
import { Icon, type IconName } from './ui/icons';
import type { Word } from './words';

interface PageEntry {
  path: string;
  title: Word;
  icon: IconName;
  page: ComponentType;
  /** Which other first parts of a path belong to it. */
  also?: readonly string[];
  admin?: boolean;
}

const pages: readonly PageEntry[] = [
  { path: '', title: 'nav.overview', icon: 'overview', page: lazy(() => import('./pages/overview')) },
  { path: 'signals', title: 'nav.signals', icon: 'signals', page: lazy(() => import('./pages/signals')) },
  { path: 'markets', title: 'nav.markets', icon: 'markets', page: lazy(() => import('./pages/markets')) },
  { path: 'credit', title: 'nav.credit', icon: 'credit', page: lazy(() => import('./pages/credit')) },
  { path: 'operations', title: 'nav.operations', icon: 'operations', page: lazy(() => import('./pages/operations')) },
  { path: 'customers', title: 'nav.customers', icon: 'customers', page: lazy(() => import('./pages/customers')) },
  { path: 'assistant', title: 'nav.assistant', icon: 'assistant', page: lazy(() => import('./pages/assistant')) },
  { path: 'models', title: 'nav.models', icon: 'models', page: lazy(() => import('./pages/models')) },
  { path: 'audit', title: 'nav.audit', icon: 'audit', page: lazy(() => import('./pages/audit')), also: ['decisions'] },
  { path: 'access', title: 'nav.access', icon: 'access', page: lazy(() => import('./pages/access')), admin: true },
];

function LiveMark(): ReactNode {
  const state = useLiveState();
  const { t } = useWords();
  const words = state === 'live' ? t('live.on') : state === 'connecting' ? t('live.connecting') : t('live.lost');
  return (
    <span className={`live ${state}`} role="status" title={words}>
      <span className="live-dot" aria-hidden="true" />
      <span className="live-words">{words}</span>
    </span>
  );
}

function Person(): ReactNode {
  const { session, log_out } = useSession();
  const { t, name } = useWords();
  if (session === null) return null;
  return (
    <div className="person">
      <div>
        <p className="person-name">{session.mode === 'open' ? t('session.local') : session.user}</p>
        <p className="person-role">{session.mode === 'open' ? t('session.open') : name('role', session.role)}</p>
      </div>
      {session.mode === 'session' && <Button tone="quiet" onClick={() => void log_out()}>{t('session.log_out')}</Button>}
    </div>
  );
}

function Navigation({ current, open, close }: { current: PageEntry | undefined; open: boolean; close: () => void }): ReactNode {
  const { t } = useWords();
  const { session } = useSession();
  return (
    <nav className={open ? 'nav open' : 'nav'} id="navigation" aria-label={t('nav.label')}>
      <Link to="/" className="brand" onClick={close}>
        <svg width="22" height="22" viewBox="0 0 32 32" aria-hidden="true">
          <path d="M5 17h22c0 5.5-4.9 9-11 9S5 22.5 5 17z" fill="#4fb0d3" />
          <path d="M9 13h14M16 5v8" stroke="currentColor" strokeWidth="2.5" strokeLinecap="round" />
        </svg>
        Ballast
      </Link>
      <ul>
        {pages.filter((entry) => !entry.admin || session?.role === 'admin').map((entry) => (
          <li key={entry.path}>
            <Link to={`/${entry.path}`} aria-current={entry === current ? 'page' : undefined} onClick={close}>
              <Icon name={entry.icon} />
              {t(entry.title)}
            </Link>
          </li>
        ))}
      </ul>
      <div className="nav-foot">
        <Person />
        <p className="fine version">{t('nav.version', { version: session?.version ?? '' })}</p>
      </div>
    </nav>
  );
}

function Switches(): ReactNode {
  const { t, language, set_language } = useWords();
  const theme = useTheme();
  return (
    <>
      <button type="button" className="button quiet" lang={language === 'zh' ? 'en' : 'zh-CN'} onClick={() => set_language(language === 'zh' ? 'en' : 'zh')}>
        {language === 'zh' ? 'English' : '中文'}
      </button>
      <button type="button" className="button quiet square" aria-label={theme === 'dark' ? t('theme.light') : t('theme.dark')} onClick={() => set_theme(theme === 'dark' ? 'light' : 'dark')}>
        <Icon name={theme === 'dark' ? 'sun' : 'moon'} />
      </button>
    </>
  );
}

function Shell(): ReactNode {
  const { t } = useWords();
  const { path, parts } = usePlace();
  const [open, set_open] = useState(false);
  const main = useRef<HTMLElement>(null);
  const entry = pages.find((page) => page.path === (parts[0] ?? '') || page.also?.includes(parts[0] ?? ''));
  const title = entry ? t(entry.title) : t('error.not_found');
  useEffect(() => {
    document.title = `${title} · Ballast`;
  }, [title]);
  useEffect(() => {
    window.scrollTo(0, 0);
  }, [path]);
  useEffect(() => {
    const escape = (event: KeyboardEvent): void => {
      if (event.key === 'Escape') set_open(false);
    };
    window.addEventListener('keydown', escape);
    return () => window.removeEventListener('keydown', escape);
  }, []);
  const Page = entry?.page;
  return (
    <div className="shell">
      <button type="button" className="skip" onClick={() => main.current?.focus()}>{t('nav.skip')}</button>
      <Navigation current={entry} open={open} close={() => set_open(false)} />
      {open && <div className="veil" onClick={() => set_open(false)} aria-hidden="true" />}
      <div className="stage">
        <header className="topbar">
          <button type="button" className="button quiet square menu" aria-label={t('nav.menu')} aria-expanded={open} aria-controls="navigation" onClick={() => set_open(!open)}>
            <Icon name={open ? 'close' : 'menu'} />
          </button>
          <h1>{title}</h1>
          <LiveMark />
          <Switches />
        </header>
        <main ref={main} tabIndex={-1}>
          <Suspense fallback={<Loading />}>
            {Page ? <Page key={entry.path} /> : <Empty title={t('error.not_found')}><Link to="/">{t('error.go_home')}</Link></Empty>}
          </Suspense>
        </main>
      </div>
    </div>
  );
}

export function App(): ReactNode {
  const { session, problem, retry } = useSession();
  if (problem) return <div className="alone"><Failure problem={problem} retry={retry} /></div>;
  if (session === null) return <div className="alone"><Loading lines={3} /></div>;
  if (session.mode === 'none') return <Login switches={<Switches />} />;
  return <Shell />;
}
