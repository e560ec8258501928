import type { Attention as Given } from '@bmdb/api/contract'
import type { ReactNode } from 'react'
import { Link } from 'wouter'
import { ActButton } from '../actions/act-button.tsx'
import { BackoffButton, backoffKey } from './backoff-table.tsx'
import { MachineId, ProcessLink, SessionId } from './ids.tsx'
import { Section } from './page.tsx'
import { Holder } from './progress.tsx'
import { EndButton } from './session-table.tsx'
import { Tag, type Tone } from './tag.tsx'
import { Since, When } from './when.tsx'
import { ReleaseButton, workKey } from './work-table.tsx'

/** What somebody has to look at: the first few of each kind, with what gets it moving. */
export function Attention({ attention, readAt }: { attention: Given; readAt: number }) {
  const { stuck, lost, parked, paused, at } = attention
  // An expired session that holds nothing is in nobody's way.
  const expired = attention.expired.filter(({ held }) => held > 0)
  const isQuiet = stuck.length + expired.length + lost.length + parked.length + paused.length === 0
  return (
    <Section
      title="Needs attention"
      aside={
        <span className="as-of">
          as of <When at={at} only="relative" />
        </span>
      }
    >
      {isQuiet && <p className="quiet">Nothing needs attention.</p>}
      {stuck.length > 0 && (
        <Kind tone="bad" tag="stuck" all="/work?stuck=true">
          {stuck.map((work) => (
            <li key={workKey(work)}>
              <span>
                <ProcessLink process={work.process} /> on <MachineId id={work.machineId} />, held by{' '}
                <Holder work={work} /> for <Since at={work.startedAt} />
                {work.progress !== null && (
                  <>
                    ; last report <When at={work.progress.at} only="relative" />: {work.progress.message}
                  </>
                )}
              </span>
              <ReleaseButton work={work} readAt={readAt} />
            </li>
          ))}
        </Kind>
      )}
      {expired.length > 0 && (
        <Kind tone="bad" tag="expired, still holds work" all="/sessions?tab=expired">
          {expired.map((session) => (
            <li key={session.id}>
              <span>
                Session <SessionId id={session.id} /> of {session.component}{' '}
                <span className="dim">{session.runtimeInfo}</span> expired{' '}
                <When at={session.deadline} only="relative" />, holds{' '}
                <Link href={`/work?sessionId=${session.id}`}>
                  {session.held === 1 ? 'one piece of work' : `${session.held} pieces of work`}
                </Link>
                ; it goes to whoever claims next
              </span>
              <EndButton session={session} readAt={readAt} />
            </li>
          ))}
        </Kind>
      )}
      {lost.length > 0 && (
        <Kind tone="warn" tag="lost, in the last quarter of an hour" all="/sessions?tab=ended">
          {lost.map(({ id, component, runtimeInfo, endedAt, reason }) => (
            <li key={id}>
              <span>
                Session <SessionId id={id} /> of {component} <span className="dim">{runtimeInfo}</span> was lost{' '}
                <When at={endedAt} only="relative" />: {reason}
              </span>
            </li>
          ))}
        </Kind>
      )}
      {parked.length > 0 && (
        <Kind tone="warn" tag="parked" all="/backoffs?tab=parked">
          {parked.map((backoff) => (
            <li key={backoffKey(backoff)}>
              <span>
                <ProcessLink process={backoff.process} /> on <MachineId id={backoff.machineId} />
                {backoff.parkedAt !== null && (
                  <>
                    , by {backoff.parkedBy} <When at={backoff.parkedAt} only="relative" />
                  </>
                )}
                : {backoff.parkedReason}
              </span>
              <BackoffButton backoff={backoff} readAt={readAt} />
            </li>
          ))}
        </Kind>
      )}
      {paused.length > 0 && (
        <Kind tone="warn" tag="paused">
          {paused.map(({ process, pausedAt, pausedBy, pausedReason }) => (
            <li key={process}>
              <span>
                <ProcessLink process={process} />
                {pausedAt !== null && (
                  <>
                    , by {pausedBy} <When at={pausedAt} only="relative" />
                  </>
                )}
                : {pausedReason}
              </span>
              <ActButton
                verb="resume"
                body={{ process }}
                about={{ cause: pausedReason ?? '' }}
                readAt={readAt}
                of={process}
              />
            </li>
          ))}
        </Kind>
      )}
    </Section>
  )
}

function Kind({ tone, tag, all, children }: { tone: Tone; tag: string; all?: string; children: ReactNode }) {
  return (
    <div className="attention">
      <div className="attention-head">
        <Tag tone={tone}>{tag}</Tag>
        {all !== undefined && <Link href={all}>all that are {tag.split(',')[0]}</Link>}
      </div>
      <ul>{children}</ul>
    </div>
  )
}
