import { useByClock } from '../live/ticks.ts'
import { durationText, localText, relativeText } from './times.ts'

/** A time: in local time with its distance from now; in UTC when pointed at. */
export function When({ at, only }: { at: string; only?: 'relative' | 'absolute' }) {
  const ms = Date.parse(at)
  const absolute = useByClock((now) => localText(ms, now))
  const relative = useByClock((now) => relativeText(ms, now))
  return (
    <time dateTime={at} title={`${absolute} local time, ${new Date(ms).toISOString()}`} className="nowrap">
      {only !== 'relative' && absolute}
      {only === undefined && ' '}
      {only !== 'absolute' && <span className={only === undefined ? 'dim' : undefined}>{relative}</span>}
    </time>
  )
}

/** How long something goes on, counted up. */
export function Since({ at }: { at: string }) {
  const text = useByClock((now) => durationText(now - Date.parse(at)))
  return (
    <time dateTime={at} title={`since ${new Date(at).toISOString()}`} className="nowrap">
      {text}
    </time>
  )
}

/** How long is left, counted down by the database's clock; red where it is over. */
export function Left({ until, over }: { until: string; over: string }) {
  const ms = Date.parse(until)
  const isOver = useByClock((now) => ms <= now)
  const text = useByClock((now) =>
    ms <= now ? `${over} ${durationText(now - ms)} ago` : `${durationText(ms - now)} left`,
  )
  return (
    <time dateTime={until} title={new Date(ms).toISOString()} className={isOver ? 'nowrap bad-text' : 'nowrap'}>
      {text}
    </time>
  )
}
