import type { HistoryEvent, HistoryQuery } from '@bmdb/api/contract'
import { Expandable } from './expandable.tsx'
import { MachineId, ProcessLink, SessionId } from './ids.tsx'
import { List } from './list.tsx'
import { Tag, type Tone } from './tag.tsx'
import { When } from './when.tsx'

const tones: Readonly<Record<string, Tone>> = {
  Started: 'info',
  Finished: 'good',
  Failed: 'bad',
  Parked: 'warn',
  Expired: 'bad',
  Released: 'warn',
}

interface TimelineProps {
  query: HistoryQuery
  label: string
  empty: string
  /** Of one machine its id is not said again at each event. */
  ofMachine?: true
  ofSession?: true
}

/** What happened, newest first: to work and by operators. */
export function Timeline({ query, label, empty, ofMachine, ofSession }: TimelineProps) {
  return (
    <List
      of="history"
      query={query}
      label={label}
      empty={empty}
      keyOf={({ id }) => id}
      columns={() => [
        { title: 'When', cell: ({ timestamp }) => <When at={timestamp} /> },
        { title: 'What', cell: (event) => <What event={event} /> },
        {
          title: 'Process',
          cell: ({ process }) =>
            process === null ? <span className="dim">–</span> : <ProcessLink process={process} />,
        },
        ...(ofMachine
          ? []
          : [
              {
                title: 'Machine',
                cell: ({ machineId }: HistoryEvent) =>
                  machineId === null ? <span className="dim">–</span> : <MachineId id={machineId} />,
              },
            ]),
        { title: 'Who', cell: (event) => <Who event={event} withSession={!ofSession} /> },
        { title: 'Why', cell: (event) => <Expandable text={whyOf(event)} /> },
      ]}
    />
  )
}

function What({ event }: { event: HistoryEvent }) {
  if (event.kind === 'operator') return <Tag title="An operator did this">{event.action}</Tag>
  return (
    <Tag tone={tones[event.event] ?? 'plain'} title={`token ${event.token}`}>
      {event.event}
    </Tag>
  )
}

function Who({ event, withSession }: { event: HistoryEvent; withSession: boolean }) {
  const { sessionId } = event
  return (
    <span className="holder">
      {event.kind === 'operator' ? <strong>{event.operator}</strong> : event.component}{' '}
      {withSession && sessionId !== null && <SessionId id={sessionId} />}
    </span>
  )
}

function whyOf(event: HistoryEvent): string {
  return event.kind === 'operator' ? event.reason : (event.cause ?? '')
}
