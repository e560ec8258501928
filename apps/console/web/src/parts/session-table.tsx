import type { EndedSession, Session } from '@bmdb/api/contract'
import { Link } from 'wouter'
import { ActButton } from '../actions/act-button.tsx'
import type { Column } from './data-table.tsx'
import { SessionId, shortId } from './ids.tsx'
import { Left, When } from './when.tsx'

const programColumn: Column<Session | EndedSession> = {
  title: 'Component',
  cell: ({ component, runtimeInfo }) => (
    <span className="holder">
      {component} <span className="dim">{runtimeInfo}</span>
    </span>
  ),
}

/** The columns of sessions that are not over. */
export function sessionColumns(readAt: number): readonly Column<Session>[] {
  return [
    { title: 'Session', cell: ({ id }) => <SessionId id={id} /> },
    programColumn,
    { title: 'Started', cell: ({ createdAt }) => <When at={createdAt} /> },
    { title: 'Interval', number: true, cell: ({ intervalSeconds }) => `${intervalSeconds} s` },
    { title: 'Last beat', cell: ({ lastBeatAt }) => <When at={lastBeatAt} only="relative" /> },
    { title: 'Deadline', cell: ({ deadline }) => <Left until={deadline} over="expired" /> },
    {
      title: 'Holds',
      number: true,
      cell: ({ id, held }) => (held === 0 ? '0' : <Link href={`/work?sessionId=${id}`}>{held}</Link>),
    },
    { title: 'Act', acts: true, cell: (session) => <EndButton session={session} readAt={readAt} /> },
  ]
}

export function EndButton({ session, readAt }: { session: Session; readAt: number }) {
  const { id, component, runtimeInfo, held, alive } = session
  return (
    <ActButton
      verb="endSession"
      body={{ sessionId: id }}
      about={{ component, runtimeInfo, count: held, alive }}
      readAt={readAt}
      of={`${shortId(id)} of ${component}`}
    />
  )
}

/** The columns of sessions that are over. */
export function endedColumns(): readonly Column<EndedSession>[] {
  return [
    { title: 'Session', cell: ({ id }) => <SessionId id={id} /> },
    programColumn,
    { title: 'Started', cell: ({ createdAt }) => <When at={createdAt} /> },
    { title: 'Ended', cell: ({ endedAt }) => <When at={endedAt} /> },
    { title: 'How', cell: ({ how }) => how },
    { title: 'Reason', cell: ({ reason }) => reason ?? '' },
  ]
}
