// SPDX-License-Identifier: Apache-2.0
// One chart. The page gives a function from the palette to ECharts' option; the chart follows size and theme. `words` says in a
// sentence what the picture shows, for those who do not see it.
import type { EChartsCoreOption, EChartsType } from 'echarts/core';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { read_palette, base_option, type Palette } from '../charts/palette';
import { useTheme } from '../lib/theme';
import { useWords } from '../lib/language';

interface ChartProps {
  option: (palette: Palette) => EChartsCoreOption;
  words: string;
  height?: number;
  /** The option is set again when one of these changes. */
  on: readonly unknown[];
  onPoint?: (event: { dataIndex: number; seriesName: string }) => void;
}

export function Chart({ option, words, height = 240, on, onPoint }: ChartProps): ReactNode {
  const frame = useRef<HTMLDivElement>(null);
  const [chart, set_chart] = useState<EChartsType | null>(null);
  const theme = useTheme();
  const { language } = useWords();
  const point = useRef(onPoint);
  point.current = onPoint;
  useEffect(() => {
    let gone = false;
    let drawn: EChartsType | null = null;
    const watch = new ResizeObserver(() => drawn?.resize());
    void import('../charts/engine').then(({ draw_into }) => {
      if (gone || frame.current === null) return;
      drawn = draw_into(frame.current);
      drawn.on('click', (event) => {
        if (typeof event.dataIndex === 'number') point.current?.({ dataIndex: event.dataIndex, seriesName: event.seriesName ?? '' });
      });
      watch.observe(frame.current);
      set_chart(drawn);
    });
    return () => {
      gone = true;
      watch.disconnect();
      drawn?.dispose();
    };
  }, []);
  useEffect(() => {
    if (chart === null || chart.isDisposed()) return;
    const palette = read_palette();
    const base = base_option(palette);
    const own = option(palette);
    chart.setOption({ ...base, ...own, tooltip: { ...(base['tooltip'] as object), ...((own['tooltip'] as object | undefined) ?? {}) } }, true);
    // The option depends on what `on` lists, the theme and the language.
  }, [chart, theme, language, ...on]);
  return <div ref={frame} className="chart" role="img" aria-label={words} style={{ height }} />;
}

export function Legend({ items }: { items: readonly { color: string; words: ReactNode; line?: boolean }[] }): ReactNode {
  return (
    <ul className="legend">
      {items.map((item, i) => (
        <li key={i}>
          <span className={item.line ? 'swatch line' : 'swatch'} style={{ background: item.color }} aria-hidden="true" />
          {item.words}
        </li>
      ))}
    </ul>
  );
}
