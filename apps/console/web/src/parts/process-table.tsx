import type { Counts, Process } from '@bmdb/api/contract'
import { Link } from 'wouter'
import { DataTable, type Column } from './data-table.tsx'
import { ProcessLink } from './ids.tsx'
import { Tag } from './tag.tsx'
import { Since, When } from './when.tsx'

/** The processes with their counts; numbers lead to what they count. */
export function ProcessTable({ processes }: { processes: readonly Process[] }) {
  const oldest = processes.flatMap(({ counts }) => (counts === null ? [] : [counts.at])).toSorted()[0]
  return (
    <>
      <DataTable label="Processes" columns={columns} rows={processes} keyOf={({ process }) => process} />
      {oldest !== undefined && (
        <p className="as-of">
          Counted <When at={oldest} only="relative" /> or later.
        </p>
      )}
    </>
  )
}

const columns: readonly Column<Process>[] = [
  {
    title: 'Process',
    cell: ({ process, pausedAt, pausedBy, pausedReason }) => (
      <>
        <ProcessLink process={process} />{' '}
        {pausedAt !== null && (
          <Tag tone="warn" title={`by ${pausedBy ?? ''}: ${pausedReason ?? ''}`}>
            paused
          </Tag>
        )}
      </>
    ),
  },
  {
    title: 'Eligible',
    number: true,
    cell: ({ counts }) =>
      counts?.eligible === null ? <span title="Cannot be judged here">?</span> : (counts?.eligible ?? '…'),
  },
  {
    title: 'Longest wait',
    number: true,
    cell: ({ counts }) =>
      counts?.waitingSince == null ? <span className="dim">–</span> : <Since at={counts.waitingSince} />,
  },
  counted('Held', 'held', (process) => `/work?${new URLSearchParams({ process }).toString()}`),
  counted('In backoff', 'backoff', (process) => `/backoffs?${new URLSearchParams({ process }).toString()}`),
  counted('Parked', 'parked', (process) => `/backoffs?${new URLSearchParams({ tab: 'parked', process }).toString()}`),
  counted('Locked out', 'lockedOut', () => '/machines?lockedOut=true'),
]

function counted(
  title: string,
  name: Exclude<keyof Counts, 'at' | 'waitingSince' | 'eligible'>,
  href: (process: string) => string,
): Column<Process> {
  return {
    title,
    number: true,
    cell: ({ process, counts }) => <Count counts={counts} name={name} href={href(process)} />,
  }
}

interface CountProps {
  counts: Counts | null
  name: Exclude<keyof Counts, 'at' | 'waitingSince' | 'eligible'>
  href: string
}

/** A number that leads to what it counts; nothing leads to nothing. */
export function Count({ counts, name, href }: CountProps) {
  if (counts === null) return <span className="dim">…</span>
  return counts[name] === 0 ? <span className="dim">0</span> : <Link href={href}>{counts[name]}</Link>
}
