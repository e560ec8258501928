import type { BulkDone, BulkVerbBody, BulkVerbName } from '@bmdb/api/contract'
import { useEffect, useRef, useState } from 'react'
import { actOnMatching } from '../api/acts.ts'
import { detailOf } from '../api/problem.ts'
import { readAgain } from '../live/queries.ts'

/** How many parts are counted before; beyond it, it is "at least". */
const countedParts = 10
/** More is not shown. */
const mostFailures = 50

export interface BulkState {
  readonly phase: 'counting' | 'counted' | 'running' | 'ended'
  /** How many there were before. */
  readonly count: number
  readonly isAll: boolean
  readonly matched: number
  readonly done: number
  readonly failed: number
  readonly failures: BulkDone['failures']
  readonly error: string | null
  readonly stopped: boolean
}

const start: BulkState = {
  phase: 'counting',
  count: 0,
  isAll: false,
  matched: 0,
  done: 0,
  failed: 0,
  failures: [],
  error: null,
  stopped: false,
}

export interface Bulk {
  readonly state: BulkState
  readonly run: (reason: string) => void
  /** Ends it after what is under way, which is done to its end: nobody would know of its half otherwise. */
  readonly stop: () => void
}

/** Acts on everything that matches, part by part: counts first, then runs until it is stopped or all is done. */
export function useBulk<Name extends BulkVerbName>(verb: Name, filter: BulkVerbBody<Name>['filter']): Bulk {
  const [state, setState] = useState(start)
  const stopping = useRef(false)
  const change = (changes: Partial<BulkState>): void => setState((before) => ({ ...before, ...changes }))

  // What it acts on is fixed when the dialog opens.
  const given = useRef({ verb, filter })
  // Nor does it act on what began since it counted.
  const countedAt = useRef<string>(undefined)
  useEffect(() => {
    const gone = new AbortController()
    const counting = given.current
    count(counting.verb, counting.filter, gone.signal)
      .then(({ at, ...counted }) => {
        countedAt.current = at
        change({ ...counted, phase: 'counted' })
      })
      .catch((error: unknown) => gone.signal.aborted || change({ error: detailOf(error) }))
    return () => {
      gone.abort()
      stopping.current = true
    }
  }, [])

  const run = async (reason: string): Promise<void> => {
    change({ phase: 'running' })
    stopping.current = false
    try {
      for (let after: string | null = null; ;) {
        const part: BulkDone = await call(
          verb,
          filter,
          { reason, after, before: countedAt.current },
          new AbortController().signal,
        )
        setState((before) => ({
          ...before,
          matched: before.matched + part.matched,
          done: before.done + part.done,
          failed: before.failed + part.failed,
          failures: [...before.failures, ...part.failures].slice(0, mostFailures),
        }))
        after = part.next
        if (after === null) break
        if (stopping.current) {
          change({ stopped: true })
          break
        }
      }
    } catch (error) {
      change({ error: detailOf(error) })
    }
    change({ phase: 'ended' })
    readAgain()
  }
  return { state, run: (reason) => void run(reason), stop: () => (stopping.current = true) }
}

async function count<Name extends BulkVerbName>(
  verb: Name,
  filter: BulkVerbBody<Name>['filter'],
  signal: AbortSignal,
): Promise<{ count: number; isAll: boolean; at: string | undefined }> {
  let counted = 0
  let before: string | undefined
  let after: string | null = null
  for (let part = 0; part < countedParts; part += 1) {
    const { matched, next, at }: BulkDone = await call(verb, filter, { dryRun: true, after, before }, signal)
    before = at
    counted += matched
    after = next
    if (after === null) return { count: counted, isAll: true, at: before }
  }
  return { count: counted, isAll: false, at: before }
}

function call<Name extends BulkVerbName>(
  verb: Name,
  filter: BulkVerbBody<Name>['filter'],
  { after, ...given }: { reason?: string; after: string | null; before: string | undefined; dryRun?: true },
  signal: AbortSignal,
): Promise<BulkDone> {
  // What is undefined is left out by JSON.
  const body = { filter, ...given, after: after ?? undefined }
  return actOnMatching(verb, body as BulkVerbBody<Name>, signal)
}
