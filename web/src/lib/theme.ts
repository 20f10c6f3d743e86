// SPDX-License-Identifier: Apache-2.0
// Light or dark: the person's choice, else the system's.
import { useEffect, useSyncExternalStore } from 'react';

export type Theme = 'light' | 'dark';
const watchers = new Set<() => void>();
const system = window.matchMedia('(prefers-color-scheme: dark)');

function chosen(): Theme {
  const kept = localStorage.getItem('ballast.theme');
  if (kept === 'light' || kept === 'dark') return kept;
  return system.matches ? 'dark' : 'light';
}

let theme = chosen();
function show(next: Theme): void {
  theme = next;
  document.documentElement.dataset.theme = next;
  for (const watcher of watchers) watcher();
}
document.documentElement.dataset.theme = theme;

export function set_theme(next: Theme): void {
  localStorage.setItem('ballast.theme', next);
  show(next);
}

export function useTheme(): Theme {
  useEffect(() => {
    const follow = (): void => show(chosen());
    system.addEventListener('change', follow);
    return () => system.removeEventListener('change', follow);
  }, []);
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => theme,
  );
}
