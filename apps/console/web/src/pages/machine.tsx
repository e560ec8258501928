import type { MachineDetails } from '@bmdb/api/contract'
import { ActButton } from '../actions/act-button.tsx'
import { useExplanations, useMachine } from '../api/use-reads.ts'
import { Explained } from '../parts/conditions.tsx'
import { DataTable } from '../parts/data-table.tsx'
import { Domains } from '../parts/domains.tsx'
import { Facts } from '../parts/facts.tsx'
import { Copy, shortId } from '../parts/ids.tsx'
import { Page, Section } from '../parts/page.tsx'
import { Pairs } from '../parts/pairs.tsx'
import { Empty, Reading } from '../parts/reading.tsx'
import { Timeline } from '../parts/timeline.tsx'
import { When } from '../parts/when.tsx'
import { workColumns, workKey } from '../parts/work-table.tsx'
import { MachineState } from './machines.tsx'

/** `/machines/:id`: what it is, who holds it, why it is not worked on, and what happened to it. */
export function MachinePage({ id }: { id: string }) {
  const machine = useMachine(id)
  const heading = (
    <>
      Machine <span className="mono">{id}</span> <Copy text={id} what="the id" />
    </>
  )
  return (
    <Page title={`Machine ${shortId(id)}`} heading={heading}>
      <Reading
        of={machine}
        lines={12}
        unknown={<Empty>There is no such machine now. What is left of it is its history.</Empty>}
      >
        {(details, readAt) => <Details details={details} readAt={readAt} />}
      </Reading>
      <div id="history">
        <Section title="History">
          <Timeline
            query={{ machineId: id }}
            label="What happened to this machine"
            empty="Nothing happened to this machine yet: no work began on it, and no operator acted on it."
            ofMachine
          />
        </Section>
      </div>
    </Page>
  )
}

function Details({ details, readAt }: { details: MachineDetails; readAt: number }) {
  const { machine, facts, work } = details
  const explanations = useExplanations(machine.id)
  return (
    <>
      <Acts details={details} readAt={readAt} />
      <Pairs
        of={[
          ['State', <MachineState key="state" machine={machine} />],
          ['Lock-out', machine.lockOut === null ? null : <LockOut lockOut={machine.lockOut} />],
          ['Retired', machine.retiredAt === null ? null : <When at={machine.retiredAt} />],
          ['Failure domains', <Domains key="domains" of={machine.failureDomains} />],
          ['Registered', <When key="created" at={machine.createdAt} />],
        ]}
      />
      <Section title="Work now">
        {work.length === 0 ? (
          <Empty>Nobody holds this machine.</Empty>
        ) : (
          <DataTable
            label="Work now"
            columns={workColumns(readAt).filter(({ title }) => title !== 'Machine')}
            rows={work}
            keyOf={workKey}
          />
        )}
      </Section>
      <Section title="Why it is worked on, or not">
        <Reading of={explanations} lines={8}>
          {(list, explainedAt) =>
            list.length === 0 ? (
              <Empty>No process is known. Programs declare theirs when they start.</Empty>
            ) : (
              <div className="all-explained">
                {list.map((explanation) => (
                  <Explained
                    key={explanation.process}
                    explanation={explanation}
                    details={details}
                    readAt={Math.min(readAt, explainedAt)}
                  />
                ))}
              </div>
            )
          }
        </Reading>
      </Section>
      <Section title="Facts">
        <Facts facts={facts} />
      </Section>
    </>
  )
}

function Acts({ details: { machine, work }, readAt }: { details: MachineDetails; readAt: number }) {
  const body = { machineId: machine.id }
  const common = { body, about: { holds: work }, readAt }
  return (
    <div className="actions" role="group" aria-label="Acts on this machine">
      {machine.lockOut === null ? (
        <ActButton verb="lockOut" {...common} />
      ) : (
        <ActButton verb="endLockOut" {...common} />
      )}
      <ActButton verb="park" {...common} />
      <ActButton verb="setBackoff" {...common} />
      <ActButton verb="setFailureDomain" {...common} />
      {machine.retiredAt === null ? (
        <ActButton verb="retire" {...common} />
      ) : (
        <ActButton verb="returnToService" {...common} />
      )}
      <ActButton verb="deleteMachine" {...common} />
    </div>
  )
}

function LockOut({
  lockOut: { by, since, until, reason },
}: {
  lockOut: NonNullable<MachineDetails['machine']['lockOut']>
}) {
  return (
    <>
      by {by} <When at={since} />,{' '}
      {until === null ? (
        'until an operator ends it'
      ) : (
        <>
          until <When at={until} />
        </>
      )}
      : {reason}
    </>
  )
}
