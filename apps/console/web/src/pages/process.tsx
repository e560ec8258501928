import type { Process } from '@bmdb/api/contract'
import { Link } from 'wouter'
import { ActButton } from '../actions/act-button.tsx'
import { useOverview } from '../api/use-reads.ts'
import { clock } from '../live/clock.ts'
import { ProcessLink } from '../parts/ids.tsx'
import { Page, Section } from '../parts/page.tsx'
import { Pairs } from '../parts/pairs.tsx'
import { ProcessTable } from '../parts/process-table.tsx'
import { Empty, Reading } from '../parts/reading.tsx'
import { Tag } from '../parts/tag.tsx'
import { Throughput } from '../parts/throughput.tsx'
import { useUrlFilters } from '../parts/url-filters.ts'
import { When } from '../parts/when.tsx'

/** `/processes/:name` */
export function ProcessPage({ name }: { name: string }) {
  const overview = useOverview()
  const filters = useUrlFilters()
  return (
    <Page title={name}>
      <Reading of={overview} lines={8}>
        {({ processes, at }, readAt) => {
          const found = processes.find(({ process }) => process === name)
          return found === undefined ? (
            <Empty>No process of this name was declared or is at work. It may still be in the history.</Empty>
          ) : (
            <Details process={found} readAt={Math.min(readAt, clock.local(at))} />
          )
        }}
      </Reading>
      <Throughput filters={filters} process={name} />
      <p>
        <Link href={`/history?${new URLSearchParams({ process: name }).toString()}`}>Its history</Link>
      </p>
    </Page>
  )
}

function Details({ process: row, readAt }: { process: Process; readAt: number }) {
  const { process, declaredBy, pausedAt, pausedBy, pausedReason, conflictsWith, failureDomains, counts } = row
  const common = { body: { process }, readAt }
  return (
    <>
      <div className="actions">
        {pausedAt === null ? (
          <ActButton verb="pause" {...common} about={{ count: counts?.held ?? 0 }} />
        ) : (
          <ActButton verb="resume" {...common} about={{ cause: pausedReason ?? '' }} />
        )}
      </div>
      <Pairs
        of={[
          ['State', pausedAt === null ? 'may begin' : <Tag tone="warn">paused</Tag>],
          [
            'Paused',
            pausedAt === null ? null : (
              <>
                by {pausedBy} <When at={pausedAt} />: {pausedReason}
              </>
            ),
          ],
          ['Declared by', declaredBy ?? 'nobody: whether it is eligible cannot be judged here'],
          [
            'Conflicts with',
            conflictsWith.length === 0 ? (
              'none'
            ) : (
              <span className="tags">
                {conflictsWith.map((other) => (
                  <ProcessLink key={other} process={other} />
                ))}
              </span>
            ),
          ],
          ['Limits', limitsText(failureDomains)],
        ]}
      />
      <Section title="Counts">
        <ProcessTable processes={[row]} />
      </Section>
    </>
  )
}

function limitsText(limits: Process['failureDomains']): string {
  const texts = Object.entries(limits).map(([kind, most]) => `on ${most} of one ${kind} at a time`)
  return texts.length === 0 ? 'none' : texts.join('; ')
}
