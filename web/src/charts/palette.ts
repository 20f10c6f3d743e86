// SPDX-License-Identifier: Apache-2.0
// The design tokens as charts need them, and the settings that all charts share.
import type { EChartsCoreOption } from 'echarts/core';

export interface Palette {
  text: string;
  text_2: string;
  text_3: string;
  line: string;
  line_2: string;
  surface: string;
  accent: string;
  critical: string;
  material: string;
  watch: string;
  good: string;
  none: string;
  heat: string;
  font: string;
  risk(name: string): string;
}

export function read_palette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    text: read('text'), text_2: read('text-2'), text_3: read('text-3'), line: read('line'), line_2: read('line-2'),
    surface: read('surface'), accent: read('accent'), critical: read('critical'), material: read('material'),
    watch: read('watch'), good: read('good'), none: read('none'), heat: read('heat'), font: read('font'),
    risk: (name) => read(`risk-${name}`) || read('text-3'),
  };
}

export function base_option(p: Palette): EChartsCoreOption {
  return {
    animation: false,
    textStyle: { fontFamily: p.font, fontSize: 11, color: p.text_2 },
    grid: { left: 8, right: 12, top: 12, bottom: 8, containLabel: true },
    tooltip: {
      trigger: 'axis', backgroundColor: p.surface, borderColor: p.line_2, borderWidth: 1, padding: [6, 10], confine: true,
      textStyle: { color: p.text, fontSize: 12, fontFamily: p.font }, extraCssText: 'box-shadow:none;border-radius:4px',
      axisPointer: { lineStyle: { color: p.line_2 } },
    },
  };
}

export function time_axis(p: Palette, dates: readonly string[], label: (date: string) => string): EChartsCoreOption {
  return {
    type: 'category', data: dates, boundaryGap: true, axisLine: { lineStyle: { color: p.line_2 } }, axisTick: { show: false },
    axisLabel: { color: p.text_3, fontSize: 11, hideOverlap: true, formatter: label },
  };
}

export function value_axis(p: Palette, label: (value: number) => string, more: EChartsCoreOption = {}): EChartsCoreOption {
  return {
    type: 'value', axisLabel: { color: p.text_3, fontSize: 11, formatter: label }, splitLine: { lineStyle: { color: p.line } },
    ...more,
  };
}
