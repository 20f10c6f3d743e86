// SPDX-License-Identifier: Apache-2.0
// The language of the interface, its words and its number formats.
import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from 'react';
import { words, type Word } from '../words';
import { formats, plain_name, type Format, type Language } from './format';

export type Fill = Readonly<Record<string, string | number>>;
export interface Words {
  language: Language;
  set_language(language: Language): void;
  t(word: Word, fill?: Fill): string;
  /** A name that the server may send (a risk, a status): translated where known, else the name itself. */
  name(group: string, name: string | null | undefined): string;
  f: Format;
}

const Context = createContext<Words | null>(null);

function first_language(): Language {
  const kept = localStorage.getItem('ballast.language');
  if (kept === 'en' || kept === 'zh') return kept;
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

function fill_in(text: string, fill: Fill | undefined): string {
  return fill ? text.replace(/\{(\w+)\}/g, (whole, key: string) => String(fill[key] ?? whole)) : text;
}

export function LanguageProvider({ children }: { children: ReactNode }): ReactNode {
  const [language, set_language] = useState<Language>(first_language);
  useEffect(() => {
    localStorage.setItem('ballast.language', language);
    document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  }, [language]);
  const value = useMemo<Words>(() => {
    const index = language === 'zh' ? 1 : 0;
    const known: Readonly<Record<string, readonly [string, string]>> = words;
    return {
      language,
      set_language,
      t: (word, fill) => fill_in(words[word][index], fill),
      name: (group, name) => (name ? (known[`${group}.${name}`]?.[index] ?? plain_name(name)) : '–'),
      f: formats(language),
    };
  }, [language]);
  return <Context.Provider value={value}>{children}</Context.Provider>;
}

export function useWords(): Words {
  const value = useContext(Context);
  if (value === null) throw new Error('useWords outside LanguageProvider');
  return value;
}
