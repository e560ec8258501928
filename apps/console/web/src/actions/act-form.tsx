import type { VerbBody, VerbName } from '@bmdb/api/contract'
import { Alert, Button, Group, Stack, Textarea } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState, type SyntheticEvent } from 'react'
import { act } from '../api/acts.ts'
import { detailOf } from '../api/problem.ts'
import { readAgain } from '../live/queries.ts'
import { bodyOf, FieldInput, wrongWith, type Typed } from './fields.tsx'
import { useHindrance } from './standing.ts'
import { tellDone } from './tell-done.tsx'
import { words, type About, type Body, type Field, type Words } from './words.ts'

export interface ActFormProps<Name extends VerbName> {
  verb: Name
  body: Body<Name>
  about: About
  /** When what it acts on was read, by the browser's clock. */
  readAt: number
  /** Called when it was done. */
  onClose: () => void
}

/** Says what an act will do, asks why, and does it. */
export function ActForm<Name extends VerbName>({ verb, body, about, readAt, onClose }: ActFormProps<Name>) {
  const said: Words<Name> = words[verb]
  // What is in the body already is not asked for.
  const fields = (said.fields ?? []).filter((field) => !(field in body))
  const [typed, setTyped] = useState<Typed>({})
  const [reason, setReason] = useState('')
  const [tried, setTried] = useState(false)
  const hindrance = useHindrance(readAt)
  const filled = Object.assign({}, body, ...fields.map((field) => bodyOf(field, typed[field] ?? ''))) as Body<Name>
  const doing = useMutation({
    networkMode: 'always',
    mutationFn: () => act(verb, { ...filled, reason: reason.trim() } as unknown as VerbBody<Name>),
    onSuccess: (done) => {
      tellDone(said, filled, done)
      onClose()
    },
    // Whether or not it was done, what is shown may be of before.
    onSettled: readAgain,
  })
  const wrong = (field: Field): string | undefined => (tried ? wrongWith(field, typed[field] ?? '') : undefined)
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault()
    setTried(true)
    const complete = reason.trim() !== '' && fields.every((field) => wrongWith(field, typed[field] ?? '') === undefined)
    if (complete && hindrance === null && !doing.isPending) doing.mutate()
  }
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="sm">
        <div className="says">
          {said.says(body, about).map((sentence) => (
            <p key={sentence}>{sentence}</p>
          ))}
        </div>
        {fields.map((field) => (
          <FieldInput
            key={field}
            field={field}
            value={typed[field] ?? ''}
            error={wrong(field)}
            onChange={(value) => setTyped({ ...typed, [field]: value })}
          />
        ))}
        <ReasonInput value={reason} onChange={setReason} missing={tried && reason.trim() === ''} />
        {doing.error !== null && (
          <Alert color="red" variant="outline" role="alert" title="It was not done as asked">
            {detailOf(doing.error)}
          </Alert>
        )}
        {hindrance !== null && (
          <p role="status" className="bad-text">
            Cannot be done now: {hindrance}.
          </p>
        )}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {doing.isPending ? 'Close' : 'Cancel'}
          </Button>
          <Button
            type="submit"
            {...(said.grave ? { color: 'red.9' } : {})}
            loading={doing.isPending}
            disabled={hindrance !== null}
          >
            {said.does}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

interface ReasonProps {
  value: string
  onChange: (reason: string) => void
  missing: boolean
}

export function ReasonInput({ value, onChange, missing }: ReasonProps) {
  return (
    <Textarea
      label="Reason"
      description="Kept in the history beside your name"
      required
      autosize
      minRows={2}
      maxRows={6}
      maxLength={500}
      data-autofocus
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      error={missing ? 'Say why' : undefined}
    />
  )
}
