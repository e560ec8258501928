import type { SessionDetails } from '../api/reads.ts'
import { useSession } from '../api/use-reads.ts'
import { DataTable } from '../parts/data-table.tsx'
import { Copy, shortId } from '../parts/ids.tsx'
import { Page, Section } from '../parts/page.tsx'
import { Pairs } from '../parts/pairs.tsx'
import { Empty, Reading } from '../parts/reading.tsx'
import { EndButton } from '../parts/session-table.tsx'
import { Tag } from '../parts/tag.tsx'
import { Timeline } from '../parts/timeline.tsx'
import { Left, When } from '../parts/when.tsx'
import { workColumns, workKey } from '../parts/work-table.tsx'

/** `/sessions/:id` */
export function SessionPage({ id }: { id: string }) {
  const details = useSession(id)
  const heading = (
    <>
      Session <span className="mono">{id}</span> <Copy text={id} what="the id" />
    </>
  )
  return (
    <Page title={`Session ${shortId(id)}`} heading={heading}>
      <Reading of={details} lines={8} unknown={<Empty>There was never such a session, or it is forgotten.</Empty>}>
        {(data, readAt) => <Details details={data} readAt={readAt} />}
      </Reading>
      <Section title="History">
        <Timeline
          query={{ sessionId: id }}
          label="What happened under this session"
          empty="Nothing happened under this session: it claimed no work."
          ofSession
        />
      </Section>
    </Page>
  )
}

function Details({ details: { session, ended, work }, readAt }: { details: SessionDetails; readAt: number }) {
  const either = session ?? ended
  if (either === null) return <Empty>Nothing is known of it.</Empty>
  return (
    <>
      {session !== null && (
        <div className="actions">
          <EndButton session={session} readAt={readAt} />
        </div>
      )}
      <Pairs
        of={[
          ['State', <State key="state" {...{ session, ended }} />],
          ['Component', either.component],
          ['Program', either.runtimeInfo],
          ['Started', <When key="started" at={either.createdAt} />],
          ['Interval', `${either.intervalSeconds} s`],
          ['Last beat', session && <When at={session.lastBeatAt} />],
          ['Deadline', session && <Left until={session.deadline} over="passed" />],
          ['Ended', ended && <When at={ended.endedAt} />],
          ['Why', ended?.reason],
        ]}
      />
      {session !== null && (
        <Section title="Work it holds">
          {work.length === 0 ? (
            <Empty>It holds no work.</Empty>
          ) : (
            <DataTable label="Work it holds" columns={workColumns(readAt)} rows={work} keyOf={workKey} />
          )}
        </Section>
      )}
    </>
  )
}

function State({ session, ended }: Pick<SessionDetails, 'session' | 'ended'>) {
  if (session === null) return <Tag>{ended?.how ?? 'over'}</Tag>
  return session.alive ? (
    <Tag tone="good">alive</Tag>
  ) : (
    <Tag tone="bad">expired: others may take over what it holds</Tag>
  )
}
