import type { Throughput } from '@bmdb/api/contract'
import { BarChart } from '@mantine/charts'
import '@mantine/charts/styles.css'
import { durationText } from './times.ts'

const series = [
  { name: 'finished', label: 'Finished', color: 'var(--good-fill)' },
  { name: 'failed', label: 'Failed', color: 'var(--bad-fill)' },
]

/** A chart; the same as a table, for whoever prefers that or sees no chart. */
export default function ThroughputChart({ throughput }: { throughput: Throughput }) {
  const { buckets, bucketSeconds } = throughput
  const rows = buckets.map((bucket) => ({ ...bucket, time: axisText(bucket.from, bucketSeconds * buckets.length) }))
  const sum = (of: 'finished' | 'failed'): number => buckets.reduce((total, bucket) => total + bucket[of], 0)
  const span = durationText(bucketSeconds * buckets.length * 1_000)
  return (
    <>
      <p className="chart-sum">
        In {span}: <strong>{sum('finished')}</strong> finished, <strong>{sum('failed')}</strong> failed.
      </p>
      <div className="chart" role="img" aria-label={`Finished and failed in ${span}, as a chart; a table follows`}>
        <BarChart
          h={180}
          data={rows}
          dataKey="time"
          type="stacked"
          series={series}
          gridAxis="x"
          withLegend
          legendProps={{ verticalAlign: 'top', height: 32 }}
          yAxisProps={{ allowDecimals: false, width: 44 }}
          xAxisProps={{ minTickGap: 40 }}
          barProps={{ isAnimationActive: false }}
          barChartProps={{ accessibilityLayer: false }}
          tooltipAnimationDuration={0}
        />
      </div>
      <details className="chart-table">
        <summary>The same as a table</summary>
        <div className="table-frame" tabIndex={0} role="region" aria-label="Finished and failed as a table">
          <table className="table plain-table">
            <thead>
              <tr>
                <th scope="col">From</th>
                <th scope="col" className="number">
                  Started
                </th>
                <th scope="col" className="number">
                  Finished
                </th>
                <th scope="col" className="number">
                  Failed
                </th>
                <th scope="col" className="number">
                  Ended otherwise
                </th>
              </tr>
            </thead>
            <tbody>
              {buckets.toReversed().map(({ from, started, finished, failed, other }) => (
                <tr key={from}>
                  <th scope="row" title={from}>
                    {new Date(from).toLocaleString()}
                  </th>
                  <td className="number">{started}</td>
                  <td className="number">{finished}</td>
                  <td className="number">{failed}</td>
                  <td className="number">{other}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </>
  )
}

function axisText(from: string, spanSeconds: number): string {
  const time = new Date(from)
  const clock = time.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
  if (spanSeconds <= 86_400) return clock
  return `${time.toLocaleDateString([], { month: 'short', day: 'numeric' })} ${clock}`
}
