import { SegmentedControl } from '@mantine/core'
import { lazy, Suspense } from 'react'
import { useThroughput } from '../api/use-reads.ts'
import { Section } from './page.tsx'
import { Reading } from './reading.tsx'
import type { UrlFilters } from './url-filters.ts'
import { When } from './when.tsx'

// The library for charts is as large as all the rest, and nobody waits for it.
const ThroughputChart = lazy(() => import('./throughput-chart.tsx'))

const spans = [
  { value: '1', label: '1 h' },
  { value: '24', label: '24 h' },
  { value: '168', label: '7 d' },
]

/** How work ended over time: of all processes, or of one. */
export function Throughput({ filters, process }: { filters: UrlFilters; process?: string }) {
  const asked = filters.get('hours') ?? '24'
  const hours = spans.some(({ value }) => value === asked) ? asked : '24'
  const throughput = useThroughput(Number(hours), process)
  return (
    <Section
      title="Finished and failed"
      aside={
        <SegmentedControl
          size="xs"
          value={hours}
          onChange={(value) => filters.set({ hours: value })}
          data={spans}
          aria-label="How far back"
        />
      }
    >
      <Reading of={throughput} lines={8}>
        {(data) => (
          <>
            <Suspense fallback={<div className="chart" />}>
              <ThroughputChart throughput={data} />
            </Suspense>
            <p className="as-of">
              Counted <When at={data.at} only="relative" />.
            </p>
          </>
        )}
      </Reading>
    </Section>
  )
}
