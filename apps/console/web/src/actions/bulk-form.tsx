import type { BulkVerbBody, BulkVerbName } from '@bmdb/api/contract'
import { Alert, Button, Group, Progress, Stack } from '@mantine/core'
import { useState, type SyntheticEvent } from 'react'
import { ReasonInput } from './act-form.tsx'
import { bulkWords, type BulkWords } from './bulk-words.ts'
import { useHindrance } from './standing.ts'
import { useBulk, type BulkState } from './use-bulk.ts'

export interface BulkFormProps<Name extends BulkVerbName> {
  verb: Name
  filter: BulkVerbBody<Name>['filter']
  readAt: number
  onClose: () => void
}

/** Counts what it would act on, asks why, and acts with a way to stop. */
export function BulkForm<Name extends BulkVerbName>({ verb, filter, readAt, onClose }: BulkFormProps<Name>) {
  const said: BulkWords = bulkWords[verb]
  const { state, run, stop } = useBulk(verb, filter)
  const [reason, setReason] = useState('')
  const [tried, setTried] = useState(false)
  const [stopping, setStopping] = useState(false)
  const hindrance = useHindrance(readAt)
  const asks = state.phase === 'counting' || state.phase === 'counted'
  const ready = state.phase === 'counted' && state.count > 0 && hindrance === null
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault()
    setTried(true)
    if (ready && reason.trim() !== '') run(reason.trim())
  }
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="sm">
        <p className="matches">
          {whichText(filter)} <strong role="status">{countText(state, said)}</strong>
        </p>
        {asks && (
          <>
            <div className="says">
              {said.says.map((sentence) => (
                <p key={sentence}>{sentence}</p>
              ))}
            </div>
            <ReasonInput value={reason} onChange={setReason} missing={tried && reason.trim() === ''} />
          </>
        )}
        {!asks && <Running state={state} said={said} />}
        {state.error !== null && (
          <Alert color="red" variant="outline" role="alert" title="It ended early">
            {state.error}
          </Alert>
        )}
        {asks && hindrance !== null && <p className="bad-text">Cannot be done now: {hindrance}.</p>}
        <Group justify="flex-end" gap="xs">
          {state.phase === 'running' ? (
            <Button
              color="red.9"
              loading={stopping}
              onClick={() => {
                setStopping(true)
                stop()
              }}
            >
              Stop
            </Button>
          ) : (
            <Button variant="default" onClick={onClose}>
              {asks ? 'Cancel' : 'Close'}
            </Button>
          )}
          {asks && (
            <Button type="submit" disabled={!ready} {...(said.grave ? { color: 'red.9' } : {})}>
              {said.does} {state.phase === 'counted' && numberText(state)}
            </Button>
          )}
        </Group>
      </Stack>
    </form>
  )
}

function Running({ state, said }: { state: BulkState; said: BulkWords }) {
  const { phase, count, matched, done, failed, failures, stopped, error } = state
  const whole = phase === 'ended' && !stopped && error === null
  const percent = whole ? 100 : Math.min(100, (matched / Math.max(1, count)) * 100)
  return (
    <>
      <Progress value={percent} aria-label="How far it is" />
      <p role="status">
        {matched} of {numberText(state)} looked at, {done} {said.did}
        {failed > 0 && `, ${failed} not`}
        {phase === 'ended' && (whole ? '; done.' : '; stopped.')}
      </p>
      {failures.length > 0 && (
        <div>
          <strong>Not {said.did}:</strong>
          <ul className="failures">
            {failures.map(({ what, detail }) => (
              <li key={what}>
                {what}: {detail}
              </li>
            ))}
          </ul>
        </div>
      )}
    </>
  )
}

function numberText({ count, isAll }: BulkState): string {
  return isAll ? String(count) : `at least ${count}`
}

function countText(state: BulkState, { nouns: [one, several] }: BulkWords): string {
  if (state.phase === 'counting') return state.error === null ? 'Counting …' : 'Could not be counted.'
  if (state.count === 0 && state.isAll) return `No ${one} matches now.`
  return `Acts on ${numberText(state)} ${state.count === 1 && state.isAll ? one : several}.`
}

/** The filter in words. */
function whichText(filter: object): string {
  const given = Object.entries(filter).filter(([, value]) => value !== undefined)
  if (given.length === 0) return 'No filter is set: this is everything in the fleet.'
  return `All where ${given.map(([name, value]) => `${name} is ${String(value)}`).join(' and ')}.`
}
