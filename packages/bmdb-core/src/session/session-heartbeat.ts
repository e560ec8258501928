import type { QueryResultRow } from 'pg'
import type { BeatLine } from '../beat/beat-line.ts'
import { Heartbeat, type BeatInFlight, type Refusal } from '../beat/heartbeat.ts'
import type { Database } from '../database/database.ts'
import { messageOf } from '../errors.ts'
import { beat, heldBy, type BeatRow, type HeldRows, type ReleaseRequest } from '../sql/sessions.ts'

/** The session that the beats are for. */
export interface BeatingSession {
  readonly id: string
  readonly intervalSeconds: number
  /** Monotonic time before the statement that started the session was sent. */
  readonly startedMs: number
  readonly database: Database
  readonly line: BeatLine
}

/** What compares the work that this program knows of with what the database has. */
export interface HeldComparison<Mark> {
  /** Called before a beat is sent. */
  mark(): Mark
  /** Called with what that beat brought back. */
  compare(held: HeldRows, releases: readonly ReleaseRequest[], asOf: Mark): void
}

/** A session's heartbeat: its statements, its metrics, and what each beat says of the work that is held. */
export function sessionHeartbeat<Mark>(
  session: BeatingSession,
  held: HeldComparison<Mark>,
  onLost: (reason: Refusal) => void,
): Heartbeat<BeatRow> {
  const { metrics, logger } = session.database
  return new Heartbeat<BeatRow>(
    {
      intervalMs: session.intervalSeconds * 1000,
      send: () => sendBeat(session, held),
      onAcknowledged: (_answer, slackMs) => {
        metrics.count('bmdb_beats_total', { result: 'acknowledged' })
        metrics.observe('bmdb_beat_slack_seconds', {}, slackMs / 1000)
      },
      onFailed: (error) => {
        metrics.count('bmdb_beats_total', { result: 'failed' })
        logger.debug('a beat failed and is sent again', { session: session.id, error: messageOf(error) })
      },
      onLost,
    },
    session.startedMs,
  )
}

type HeldAnswer = { held: HeldRows; releases: readonly ReleaseRequest[] | null }

function sendBeat<Mark>(
  { id, intervalSeconds, database, line }: BeatingSession,
  held: HeldComparison<Mark>,
): BeatInFlight<BeatRow> {
  const asOf = held.mark()
  const { answer, late } = line.send<BeatRow & QueryResultRow>(beat(database.dialect, id, intervalSeconds))
  const asked =
    database.dialect === 'postgresql' ? undefined : line.send<HeldAnswer & QueryResultRow>(heldBy(id)).answer
  asked?.catch(() => {})
  return {
    late,
    answer: answer.then(([row]) => {
      if (row?.alive === true) {
        if (row.held !== null) held.compare(row.held, row.releases ?? [], asOf)
        // Where it fails the next beat's will tell.
        void asked?.then(([found]) => held.compare(found!.held, found!.releases ?? [], asOf)).catch(() => {})
        return row
      }
      database.metrics.count('bmdb_beats_total', { result: 'refused' })
      return row === undefined ? 'deleted' : 'deadline'
    }),
  }
}
