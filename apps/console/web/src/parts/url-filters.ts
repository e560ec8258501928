import { useCallback } from 'react'
import { useSearchParams } from 'wouter'

export interface UrlFilters {
  /** Undefined where it is not in the URL. */
  get(name: string): string | undefined
  /** `true`, `false` or undefined. */
  flag(name: string): boolean | undefined
  set(changes: Readonly<Record<string, string | null | undefined>>): void
}

/** The filters in the URL's query. Changing them does not make an entry in the browser's history: going back leaves the page. */
export function useUrlFilters(): UrlFilters {
  const [given, setGiven] = useSearchParams()
  const set = useCallback<UrlFilters['set']>(
    (changes) => {
      setGiven(
        (before) => {
          const after = new URLSearchParams(before)
          for (const [name, value] of Object.entries(changes)) {
            if (value === null || value === undefined || value === '') after.delete(name)
            else after.set(name, value)
          }
          return after
        },
        { replace: true },
      )
    },
    [setGiven],
  )
  const get = (name: string): string | undefined => given.get(name) || undefined
  return { get, set, flag: (name) => ({ true: true, false: false })[get(name) ?? ''] }
}

/** Without what is undefined. */
export function defined<Given extends object>(
  given: Given,
): { [Name in keyof Given]?: Exclude<Given[Name], undefined> } {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as never
}
