// SPDX-License-Identifier: Apache-2.0
// Every word of the interface, English and Chinese side by side: one that lacks a language does not compile.
import { common } from './common';
import { desks } from './desks';
import { records } from './records';

export const words = { ...common, ...desks, ...records } satisfies Record<string, readonly [string, string]>;
export type Word = keyof typeof words;
