import type { HeldWork } from '@bmdb/api/contract'
import { Progress as Bar } from '@mantine/core'
import { Since } from './when.tsx'
import { Tag } from './tag.tsx'

/** How far the work got, as its holder reported last. */
export function Progress({ work }: { work: HeldWork }) {
  const { progress } = work
  if (progress === null) return <span className="dim">none reported</span>
  const { message, percent, at } = progress
  return (
    <div className="progress">
      <span>
        {message} {percent !== null && `${percent} %`}{' '}
        <span className="dim">
          reported <Since at={at} /> ago
        </span>
      </span>
      {percent !== null && <Bar value={percent} size="sm" aria-label={`${work.process}: ${percent} percent`} />}
    </div>
  )
}

/** How the work stands, in words. */
export function WorkState({ work }: { work: HeldWork }) {
  if (!work.stuck && work.alive && work.releaseBy === null) return null
  return (
    <span className="tags">
      {work.stuck && (
        <Tag tone="bad" title="Its session is alive, but its progress is overdue">
          stuck
        </Tag>
      )}
      {!work.alive && (
        <Tag tone="warn" title="Its session's deadline passed: anybody may take it over">
          expired
        </Tag>
      )}
      {work.releaseBy !== null && <Tag tone="info">release asked by {work.releaseBy}</Tag>}
    </span>
  )
}

/** Who holds it. `runtimeInfo` names the host and the pid. */
export function Holder({ work }: { work: HeldWork }) {
  return (
    <span className="holder">
      {work.component} <span className="dim">{work.runtimeInfo}</span>
    </span>
  )
}
