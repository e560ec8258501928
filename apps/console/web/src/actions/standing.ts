import { useMe } from '../api/use-reads.ts'
import { useLive, type Live } from '../live/live.ts'

/**
 * Why one may not act now on something that was read at `readAt` (by the browser's clock); null where one may.
 */
export function useHindrance(readAt: number): string | null {
  const { data: me } = useMe()
  const live = useLive()
  if (me === undefined) return 'who you are is not known yet'
  if (me.role !== 'operator') return 'read-only: you are a viewer'
  if (live.status !== 'live') return awayText(live.status)
  if (live.lostAt !== null && readAt <= live.lostAt) return 'read before the connection was lost, and not yet again'
  return null
}

export function awayText(status: Exclude<Live['status'], 'live'>): string {
  return {
    connecting: 'not live: connecting',
    'console away': 'not live: the console does not answer',
    'database away': 'not live: the database does not answer',
  }[status]
}
