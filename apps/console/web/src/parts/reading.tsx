import { Alert, Button, Skeleton } from '@mantine/core'
import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { detailOf, ProblemError } from '../api/problem.ts'

interface ReadingProps<Data> {
  of: UseQueryResult<Data>
  /** How many lines it will take, so that nothing jumps. */
  lines?: number
  /** What to show where it answers 404. */
  unknown?: ReactNode
  children: (data: Data, readAt: number) => ReactNode
}

/** What was read; until then its place, and where it fails, why. */
export function Reading<Data>({ of, lines = 4, unknown, children }: ReadingProps<Data>) {
  const { data, error, dataUpdatedAt, refetch } = of
  if (error instanceof ProblemError && error.status === 404 && unknown !== undefined) return unknown
  if (data === undefined) {
    return error === null ? <Lines count={lines} /> : <Failed error={error} again={() => void refetch()} />
  }
  return (
    <>
      {error !== null && <NotAgain error={error} />}
      {children(data, dataUpdatedAt)}
    </>
  )
}

export function Lines({ count }: { count: number }) {
  return (
    <div role="status" aria-label="Loading" className="lines">
      {Array.from({ length: count }, (_, line) => (
        <Skeleton key={line} height={18} my={9} radius="sm" />
      ))}
    </div>
  )
}

export function Failed({ error, again }: { error: Error; again: () => void }) {
  return (
    <Alert color="red" variant="outline" title="This could not be read" role="alert">
      <p>{detailOf(error)}</p>
      <Button size="xs" variant="default" onClick={again}>
        Try again
      </Button>
    </Alert>
  )
}

/** It was read before, and could not be read again. */
export function NotAgain({ error }: { error: Error }) {
  return (
    <p role="status" className="not-again">
      Could not be read again: {detailOf(error)}
    </p>
  )
}

/** Says what would be here. */
export function Empty({ children }: { children: ReactNode }) {
  return <p className="empty">{children}</p>
}
