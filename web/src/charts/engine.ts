// SPDX-License-Identifier: Apache-2.0
// The parts of ECharts that the dashboard uses, loaded as one piece when the first chart is drawn.
import { BarChart, HeatmapChart, LineChart, ScatterChart } from 'echarts/charts';
import { AriaComponent, DataZoomComponent, GridComponent, MarkAreaComponent, MarkLineComponent, TooltipComponent, VisualMapComponent } from 'echarts/components';
import { init, use, type EChartsType } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';

use([
  AriaComponent, BarChart, DataZoomComponent, GridComponent, HeatmapChart, LineChart, MarkAreaComponent, MarkLineComponent,
  ScatterChart, SVGRenderer, TooltipComponent, VisualMapComponent,
]);

export function draw_into(element: HTMLElement): EChartsType {
  return init(element, null, { renderer: 'svg' });
}
