import * as echarts from 'echarts'
import type { Chart } from './benchmark.ts'

/** A bar for each figure, as SVG. */
export function bars(title: string, { unit, figures }: Chart): string {
  const names = Object.keys(figures).reverse()
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: 720, height: 56 + 40 * names.length })
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    title: { text: title, textStyle: { fontSize: 14, fontWeight: 'normal' } },
    grid: { left: 170, right: 100, top: 40, bottom: 8 },
    xAxis: { type: 'value', show: false },
    yAxis: { type: 'category', data: names, axisTick: { show: false }, axisLine: { show: false } },
    series: [
      {
        type: 'bar',
        barMaxWidth: 24,
        data: names.map((name) => ({
          value: figures[name],
          itemStyle: { color: name.startsWith('BMDB') ? '#2f6f4f' : '#9aa5a0' },
        })),
        label: {
          show: true,
          position: 'right',
          formatter: ({ value }: { value: unknown }) => `${shown(Number(value))}${unit === '/s' ? '' : ' '}${unit}`,
        },
      },
    ],
  })
  const svg = chart.renderToSVGString()
  chart.dispose()
  return `${svg}\n`
}

function shown(value: number): string {
  return value < 100 ? value.toFixed(1) : Math.round(value).toLocaleString('en')
}
