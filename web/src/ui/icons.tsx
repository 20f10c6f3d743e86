// SPDX-License-Identifier: Apache-2.0
// The few line icons of the interface, drawn on a 16×16 grid. They are decoration: words stand beside them.
import type { ReactNode } from 'react';

const paths = {
  overview: 'M2.5 13.5V9M6.2 13.5V5.5M9.9 13.5V7.5M13.5 13.5V2.5',
  signals: 'M8 13.5a.6.6 0 1 0 0-1.2.6.6 0 0 0 0 1.2ZM5.2 10.4a4 4 0 0 1 5.6 0M2.8 7.7a7.4 7.4 0 0 1 10.4 0M.8 5a10.2 10.2 0 0 1 14.4 0',
  markets: 'M1.5 12 5.5 7.5l3 2.8 6-7M10.5 3.3h4v4',
  credit: 'M1.5 3.5h13v9h-13zM1.5 6.5h13M4 10h3',
  operations: 'M8 5.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5ZM8 1.5v2M8 12.5v2M1.5 8h2M12.5 8h2M3.4 3.4l1.4 1.4M11.2 11.2l1.4 1.4M12.6 3.4l-1.4 1.4M4.8 11.2l-1.4 1.4',
  customers: 'M6 8a2.8 2.8 0 1 0 0-5.6A2.8 2.8 0 0 0 6 8ZM1 13.8c.3-2.6 2.3-4.3 5-4.3s4.7 1.7 5 4.3M11 2.7a2.6 2.6 0 0 1 0 5M12.5 9.8c1.5.7 2.4 2.1 2.6 4',
  assistant: 'M2 2.5h12v8.5H7.5L4 14v-3H2zM5 5.7h6M5 8h4',
  models: 'M8 1.5 14 4.7v6.6L8 14.5l-6-3.2V4.7zM2 4.7 8 8l6-3.3M8 8v6.5',
  audit: 'M8 1.5 13.5 3.5v4c0 3.5-2.3 5.9-5.5 7-3.2-1.1-5.5-3.5-5.5-7v-4zM5.6 7.8l1.8 1.8 3.1-3.3',
  access: 'M5 11.5a3.3 3.3 0 1 0 0-6.6 3.3 3.3 0 0 0 0 6.6ZM8.3 8.2H15M12.5 8.2v2.6',
  menu: 'M2 4h12M2 8h12M2 12h12',
  close: 'M3.5 3.5l9 9M12.5 3.5l-9 9',
  sun: 'M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6ZM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1.1 1.1M11.9 11.9 13 13M13 3l-1.1 1.1M4.1 11.9 3 13',
  moon: 'M13.5 9.5A6 6 0 0 1 6.5 2.5 6 6 0 1 0 13.5 9.5Z',
  download: 'M8 2v8M4.8 7 8 10.2 11.2 7M2.5 13.5h11',
  back: 'M9.5 3 4.5 8l5 5',
  send: 'M2 8 14 2.5 9.5 14 7.5 9z',
  print: 'M4.5 5.5v-4h7v4M4.5 11.5h-3v-6h13v6h-3M4.5 9.5h7v5h-7z',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }): ReactNode {
  return (
    <svg className="icon" width={size} height={size} viewBox="0 0 16 16" fill="none" stroke="currentColor" strokeWidth="1.35" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}
