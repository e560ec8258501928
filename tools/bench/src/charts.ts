import * as echarts from 'echarts'

/** A bar for each figure, as SVG. */
export function bars(title: string, unit: string, figures: Readonly<Record<string, number>>): string {
  const chart = echarts.init(null, null, {
    renderer: 'svg',
    ssr: true,
    width: 640,
    height: 60 + 44 * Object.keys(figures).length,
  })
  const names = Object.keys(figures).reverse()
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    title: { text: title, textStyle: { fontSize: 14 } },
    grid: { left: 150, right: 90, top: 40, bottom: 10 },
    xAxis: { type: 'value', show: false },
    yAxis: { type: 'category', data: names, axisTick: { show: false }, axisLine: { show: false } },
    series: [
      {
        type: 'bar',
        data: names.map((name) => ({
          value: figures[name],
          itemStyle: { color: name.startsWith('BMDB') ? '#2f6f4f' : '#9aa5a0' },
        })),
        label: {
          show: true,
          position: 'right',
          formatter: ({ value }: { value: unknown }) => `${shown(Number(value))} ${unit}`,
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
