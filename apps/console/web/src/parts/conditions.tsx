import type { Explanation, MachineDetails } from '@bmdb/api/contract'
import type { ReactNode } from 'react'
import { Link } from 'wouter'
import { ActButton } from '../actions/act-button.tsx'
import { useOverview } from '../api/use-reads.ts'
import { FactText } from './fact-text.tsx'
import { ProcessLink } from './ids.tsx'
import { Tag } from './tag.tsx'
import { ReleaseButton } from './work-table.tsx'

type Condition = Explanation['conditions'][number]

interface ExplainedProps {
  explanation: Explanation
  details: MachineDetails
  readAt: number
}

/** Why a process may or may not begin on the machine: what does not hold first, and what would end that. */
export function Explained({ explanation, details, readAt }: ExplainedProps) {
  const { process, eligible, conditions } = explanation
  const failing = conditions.filter(({ holds }) => holds === false)
  const unknown = conditions.filter(({ holds }) => holds === null)
  const holding = conditions.filter(({ holds }) => holds === true)
  const own = details.work.some((work) => work.process === process && work.alive)
  return (
    <div className="explained">
      <h3>
        <ProcessLink process={process} />{' '}
        {own ? (
          <Tag tone="info">holds it now</Tag>
        ) : eligible === null ? (
          <Tag tone="warn">cannot be judged here</Tag>
        ) : eligible ? (
          <Tag tone="good">eligible</Tag>
        ) : (
          <Tag>not eligible</Tag>
        )}
      </h3>
      <ul className="conditions">
        {[...failing, ...unknown].map((condition) => (
          <li key={condition.condition}>
            <span className={condition.holds === false ? 'mark bad-text' : 'mark'} aria-hidden="true">
              {condition.holds === false ? '✗' : '?'}
            </span>
            <div>
              <strong>{condition.condition}</strong>: {condition.holds === false ? 'no' : 'not known'};{' '}
              <FactText text={condition.fact} />
              <Remedy {...{ condition, process, details, readAt }} />
            </div>
          </li>
        ))}
      </ul>
      <details>
        <summary>
          {holding.length} of {conditions.length} conditions hold
        </summary>
        <ul className="conditions">
          {holding.map(({ condition, fact }) => (
            <li key={condition}>
              <span className="mark good-text" aria-hidden="true">
                ✓
              </span>
              <div>
                <strong>{condition}</strong>: <FactText text={fact} />
              </div>
            </li>
          ))}
        </ul>
      </details>
    </div>
  )
}

interface RemedyProps extends Omit<ExplainedProps, 'explanation'> {
  condition: Condition
  process: string
}

/** What ends it. */
function Remedy({ condition: { condition, holds }, process, details, readAt }: RemedyProps): ReactNode {
  const conflicts = useConflicts(process)
  const { machine, work, backoffs } = details
  const machineId = machine.id
  if (holds !== false) return null
  const remedy = (text: string, act?: ReactNode): ReactNode => (
    <div className="remedy">
      <span className="dim">{text}</span> {act}
    </div>
  )
  const cause = backoffs.find((backoff) => backoff.process === process)
  switch (condition) {
    case 'in service':
      return remedy(
        'Ends when the machine is returned to service.',
        <ActButton verb="returnToService" body={{ machineId }} readAt={readAt} />,
      )
    case 'not locked out':
      return remedy(
        machine.lockOut?.until == null
          ? 'Ends when an operator ends it.'
          : 'Ends by itself, or when an operator ends it.',
        <ActButton verb="endLockOut" body={{ machineId }} readAt={readAt} />,
      )
    case 'not paused':
      return remedy(
        'Ends when it is resumed, for all machines.',
        <ActButton verb="resume" body={{ process }} readAt={readAt} of={process} />,
      )
    case 'not held':
    case 'no conflict': {
      const inWay = work.filter(
        (each) =>
          each.alive && (condition === 'not held' ? each.process === process : conflicts.includes(each.process)),
      )
      return remedy(
        'Ends when the holder ends it, or when the deadline of its session passes.',
        inWay.map((each) => <ReleaseButton key={each.process} work={each} readAt={readAt} />),
      )
    }
    case 'not parked':
      return remedy(
        'Ends when it is unparked.',
        <ActButton
          verb="unpark"
          body={{ machineId, process }}
          about={cause === undefined ? {} : { cause: cause.parkedReason ?? '' }}
          readAt={readAt}
          of={process}
        />,
      )
    case 'not in backoff':
      return remedy(
        'Ends by itself, or when it is cleared.',
        <ActButton
          verb="clearBackoff"
          body={{ machineId, process }}
          about={cause === undefined ? {} : { cause: cause.cause }}
          readAt={readAt}
          of={process}
        />,
      )
    case 'room in failure domains':
      return remedy(
        'Ends when it ends on another machine of the same failure domain.',
        <Link href={`/work?${new URLSearchParams({ process }).toString()}`}>What it holds</Link>,
      )
    default:
      return condition.startsWith('needed: ') ? remedy('The machine does not need it now.') : null
  }
}

function useConflicts(process: string): readonly string[] {
  const { data } = useOverview()
  return data?.processes.find((each) => each.process === process)?.conflictsWith ?? []
}
