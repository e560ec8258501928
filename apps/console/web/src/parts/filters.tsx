import { Autocomplete, NativeSelect, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { useEffect, useState, type ReactNode } from 'react'
import { useMachineFilters } from '../api/use-reads.ts'
import type { UrlFilters } from './url-filters.ts'

/** The row of filters above a list. */
export function Filters({ children }: { children: ReactNode }) {
  return (
    <form className="filters" role="search" onSubmit={(event) => event.preventDefault()}>
      {children}
    </form>
  )
}

interface FilterProps {
  filters: UrlFilters
  name: string
  label: string
}

/** A choice among few. */
export function Choice({ filters, name, label, options, any = 'any' }: FilterProps & ChoiceProps) {
  const chosen = filters.get(name) ?? ''
  const known = chosen === '' || options.some(({ value }) => value === chosen)
  return (
    <NativeSelect
      size="xs"
      label={label}
      value={chosen}
      onChange={(event) => filters.set({ [name]: event.currentTarget.value })}
      data={[{ value: '', label: any }, ...options, ...(known ? [] : [{ value: chosen, label: chosen }])]}
    />
  )
}

interface ChoiceProps {
  options: readonly { value: string; label: string }[]
  any?: string
}

/** A text; what was typed counts once the typing pauses. */
export function TextFilter({ filters, name, label, placeholder }: FilterProps & { placeholder?: string }) {
  const [text, setText] = useTyped(filters, name)
  return (
    <TextInput
      size="xs"
      label={label}
      value={text}
      onChange={(event) => setText(event.currentTarget.value)}
      {...(placeholder === undefined ? {} : { placeholder })}
    />
  )
}

/** One of the processes that are known, or another. */
export function ProcessFilter({ filters, name = 'process' }: { filters: UrlFilters; name?: string }) {
  const [text, setText] = useTyped(filters, name)
  const { data } = useMachineFilters()
  return (
    <Autocomplete size="xs" label="Process" value={text} onChange={setText} data={data?.processes ?? []} limit={50} />
  )
}

/** What is typed, ahead of the URL. */
export function useTyped(filters: UrlFilters, name: string): [string, (text: string) => void] {
  const inUrl = filters.get(name) ?? ''
  const [text, setText] = useState(inUrl)
  const settle = useDebouncedCallback((typed: string) => filters.set({ [name]: typed.trim() }), 350)
  useEffect(() => setText((typed) => (typed.trim() === inUrl ? typed : inUrl)), [inUrl])
  return [
    text,
    (typed) => {
      setText(typed)
      settle(typed)
    },
  ]
}
