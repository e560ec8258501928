import type { HeldWork } from '@bmdb/api/contract'
import { ActButton } from '../actions/act-button.tsx'
import type { Column } from './data-table.tsx'
import { MachineId, ProcessLink, SessionId, shortId } from './ids.tsx'
import { Holder, Progress, WorkState } from './progress.tsx'
import { Left, When } from './when.tsx'

export const workKey = (work: HeldWork): string => `${work.machineId} ${work.process} ${work.token}`

/** The columns of work that is held. */
export function workColumns(readAt: number): readonly Column<HeldWork>[] {
  return [
    { title: 'Process', cell: ({ process }) => <ProcessLink process={process} /> },
    { title: 'Machine', cell: ({ machineId }) => <MachineId id={machineId} /> },
    {
      title: 'Holder',
      cell: (work) => (
        <>
          <Holder work={work} /> <SessionId id={work.sessionId} />
        </>
      ),
    },
    { title: 'Since', cell: ({ startedAt }) => <When at={startedAt} /> },
    { title: 'Deadline', cell: ({ deadline }) => <Left until={deadline} over="passed" /> },
    { title: 'Progress', cell: (work) => <Progress work={work} /> },
    { title: 'State', cell: (work) => <WorkState work={work} /> },
    { title: 'Act', acts: true, cell: (work) => <ReleaseButton work={work} readAt={readAt} /> },
  ]
}

/** Releases this claim, and not one that came after it. */
export function ReleaseButton({ work, readAt }: { work: HeldWork; readAt: number }) {
  const { machineId, process, token, component, runtimeInfo, startedAt, alive } = work
  return (
    <ActButton
      verb="release"
      body={{ machineId, process, token }}
      about={{ component, runtimeInfo, since: startedAt, alive }}
      readAt={readAt}
      of={`${process} on ${shortId(machineId)}`}
    />
  )
}
