import type { Backoff } from '@bmdb/api/contract'
import { ActButton } from '../actions/act-button.tsx'
import type { Column } from './data-table.tsx'
import { Expandable } from './expandable.tsx'
import { MachineId, ProcessLink, shortId } from './ids.tsx'
import { Left, When } from './when.tsx'

export const backoffKey = ({ machineId, process }: Backoff): string => `${machineId} ${process}`

/** The columns of what is in backoff, or of what is parked. */
export function backoffColumns(parked: boolean, readAt: number): readonly Column<Backoff>[] {
  return [
    { title: 'Process', cell: ({ process }) => <ProcessLink process={process} /> },
    { title: 'Machine', cell: ({ machineId }) => <MachineId id={machineId} /> },
    ...(parked
      ? [
          { title: 'Parked', cell: ({ parkedAt }: Backoff) => parkedAt !== null && <When at={parkedAt} /> },
          {
            title: 'By, why',
            cell: ({ parkedBy, parkedReason }: Backoff) => (
              <Expandable text={`${parkedBy ?? 'nobody known'}: ${parkedReason ?? ''}`} />
            ),
          },
        ]
      : [{ title: 'Until', cell: ({ until }: Backoff) => <Left until={until} over="over" /> }]),
    { title: 'Failures', number: true, cell: ({ attempts }) => attempts },
    { title: 'Last cause', cell: ({ cause }) => <Expandable text={cause} /> },
    { title: 'Act', acts: true, cell: (backoff) => <BackoffButton backoff={backoff} readAt={readAt} /> },
  ]
}

/** Unparks it, or clears the backoff. */
export function BackoffButton({ backoff, readAt }: { backoff: Backoff; readAt: number }) {
  const { machineId, process, cause, parkedAt, parkedBy, parkedReason } = backoff
  const isParked = parkedAt !== null
  return (
    <ActButton
      verb={isParked ? 'unpark' : 'clearBackoff'}
      body={{ machineId, process }}
      about={{ cause: isParked ? `${parkedReason ?? ''} (${parkedBy ?? 'nobody known'})` : cause }}
      readAt={readAt}
      of={`of ${process} on ${shortId(machineId)}`}
    />
  )
}
