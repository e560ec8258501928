import { Autocomplete, Chip, Group, TextInput } from '@mantine/core'
import { useMachineFilters } from '../api/use-reads.ts'
import { parseDuration } from '../parts/times.ts'
import type { Field } from './words.ts'

/** What was typed, by field. */
export type Typed = Readonly<Partial<Record<Field, string>>>

interface FieldProps {
  field: Field
  value: string
  error: string | undefined
  onChange: (value: string) => void
}

const labels: Record<Field, string> = {
  id: 'Id',
  process: 'Process',
  duration: 'For how long',
  'optional duration': 'For how long',
  grace: 'Grace',
  kind: 'Kind',
  domain: 'Domain',
}

const descriptions: Partial<Record<Field, string>> = {
  id: 'A UUID; a new one if empty',
  duration: 'Such as 90 s, 15 min, 2 h or 1 d',
  'optional duration': 'Such as 90 s, 15 min, 2 h or 1 d; until an operator ends it if empty',
  grace: 'How long the holder has to let go; 10 s if empty',
  kind: 'Such as rack or site',
  domain: 'Empty to take it back',
}

const proposals: Partial<Record<Field, readonly string[]>> = {
  duration: ['15 min', '1 h', '4 h', '1 d'],
  'optional duration': ['1 h', '4 h', '1 d', '7 d'],
  grace: ['0 s', '10 s', '60 s', '5 min'],
}

/** One input of a dialog. */
export function FieldInput({ field, value, error, onChange }: FieldProps) {
  const { data: known } = useMachineFilters()
  const common = { label: labels[field], description: descriptions[field], error, value }
  const choices = {
    process: known?.processes,
    kind: known?.failureDomains.map(({ kind }) => kind),
  }[field as 'process' | 'kind']
  if (choices !== undefined) {
    return <Autocomplete {...common} onChange={onChange} data={choices} limit={50} required />
  }
  return (
    <div>
      <TextInput
        {...common}
        onChange={(event) => onChange(event.currentTarget.value)}
        required={field === 'process' || field === 'kind' || field === 'duration'}
      />
      {proposals[field] !== undefined && (
        <Group gap={6} mt={6}>
          {proposals[field].map((proposal) => (
            <Chip key={proposal} size="xs" checked={value === proposal} onChange={() => onChange(proposal)}>
              {proposal}
            </Chip>
          ))}
        </Group>
      )}
    </div>
  )
}

/** What is wrong with what was typed, or nothing. */
export function wrongWith(field: Field, typed: string): string | undefined {
  const text = typed.trim()
  switch (field) {
    case 'process':
    case 'kind':
      return text === '' ? 'Needed' : undefined
    case 'duration':
      return parseDuration(text) === null ? 'Needed: 90 s, 15 min, 2 h or 1 d' : undefined
    case 'optional duration':
      return text !== '' && parseDuration(text) === null ? '90 s, 15 min, 2 h or 1 d, or nothing' : undefined
    case 'grace':
      return text !== '' && graceOf(text) === null ? 'Up to an hour: 0 s, 90 s or 5 min' : undefined
    case 'id':
    case 'domain':
      return undefined
  }
}

/** What goes into the body. */
export function bodyOf(field: Field, typed: string): Readonly<Record<string, unknown>> {
  const text = typed.trim()
  switch (field) {
    case 'duration':
    case 'optional duration':
      return text === '' ? {} : { seconds: parseDuration(text) }
    case 'grace':
      return text === '' ? {} : { graceSeconds: graceOf(text) }
    case 'domain':
      return { domain: text === '' ? null : text }
    case 'id':
      return text === '' ? {} : { id: text }
    case 'process':
    case 'kind':
      return { [field]: text }
  }
}

function graceOf(text: string): number | null {
  if (/^0\s*(s|min|m|h)?$/.test(text)) return 0
  const seconds = parseDuration(text)
  return seconds === null || seconds > 3_600 ? null : seconds
}
