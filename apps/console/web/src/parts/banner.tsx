import { useEffect, useState } from 'react'
import { awayText } from '../actions/standing.ts'
import { useLive, type Live } from '../live/live.ts'

/** For so long a connection may be on its way before it is worth a banner. */
const patienceMs = 2_500

/** Says, where nobody can overlook it, that what is shown is not of now. */
export function Banner() {
  const { status, knownAt } = useLive()
  const overdue = useOverdue(status)
  const away = status === 'console away' || status === 'database away' || overdue
  return (
    <div role="status" aria-live="polite">
      {status !== 'live' && away && (
        <p className="banner">
          <strong>N{awayText(status).slice(1)}</strong>
          {knownAt === null
            ? '; nothing was known yet.'
            : `; shown is what was known at ${new Date(knownAt).toLocaleTimeString([], { hourCycle: 'h23' })}.`}{' '}
          Acts are disabled until it is back.
        </p>
      )}
    </div>
  )
}

function useOverdue(status: Live['status']): boolean {
  const [overdue, setOverdue] = useState(false)
  useEffect(() => {
    if (status !== 'connecting') return
    const timer = window.setTimeout(() => setOverdue(true), patienceMs)
    return () => {
      window.clearTimeout(timer)
      setOverdue(false)
    }
  }, [status])
  return overdue
}
