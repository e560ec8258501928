import { Link } from 'wouter'
import { useOverview } from '../api/use-reads.ts'
import { clock } from '../live/clock.ts'
import { Attention } from '../parts/attention.tsx'
import { Page, Section } from '../parts/page.tsx'
import { ProcessTable } from '../parts/process-table.tsx'
import { Empty, Reading } from '../parts/reading.tsx'
import { Throughput } from '../parts/throughput.tsx'
import { useUrlFilters } from '../parts/url-filters.ts'
import { When } from '../parts/when.tsx'

/** `/`: what needs attention, and how the fleet stands. */
export function FleetPage() {
  const overview = useOverview()
  const filters = useUrlFilters()
  return (
    <Page title="Fleet">
      <Reading of={overview} lines={12}>
        {({ attention, processes, machines, sessions, at }, readAt) => (
          <>
            {/* The API keeps it for some seconds: it is as old as it says. */}
            <Attention attention={attention} readAt={Math.min(readAt, clock.local(attention.at))} />
            <Section title="Processes">
              {processes.length === 0 ? (
                <Empty>No process was declared or is at work. Programs declare theirs when they start.</Empty>
              ) : (
                <ProcessTable processes={processes} />
              )}
            </Section>
            <Section title="Machines and sessions">
              <ul className="totals">
                <Total href="/machines?retired=false" count={machines.inService} of="machines in service" />
                <Total href="/machines?lockedOut=true" count={machines.lockedOut} of="locked out" />
                <Total href="/machines?retired=true" count={machines.retired} of="retired" />
                <Total href="/sessions" count={sessions.alive} of="sessions alive" />
                <Total href="/sessions?tab=expired" count={sessions.expired} of="sessions expired" />
              </ul>
              <p className="as-of">
                Counted <When at={at} only="relative" />.
              </p>
            </Section>
          </>
        )}
      </Reading>
      <Throughput filters={filters} />
    </Page>
  )
}

function Total({ href, count, of }: { href: string; count: number; of: string }) {
  return (
    <li>
      <Link href={href}>
        <strong>{count}</strong> {of}
      </Link>
    </li>
  )
}
