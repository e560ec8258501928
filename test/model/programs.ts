import { hrtime } from 'node:process'
import { setTimeout as realPause } from 'node:timers/promises'
import { BMDB, type Connection, type PrismaClient, type Session } from '@bmdb/core'
import { fakeClock, type FakeClock } from '@bmdb/testing'
import type { Client } from 'pg'
import { migratedDatabase } from '../setup.ts'
import type { Slot } from './model.ts'

/** Long enough that no deadline passes by itself; whoever expires is made to. */
export const intervalSeconds = 300

/** No operation takes longer than a takeover from several frozen ones. In nanoseconds of the real clock. */
const longestNs = 10_000_000_000n

/** Two programs on one database, and a clock that moves their timers. */
export interface Programs {
  readonly connections: Readonly<Record<Slot, Connection<PrismaClient>>>
  readonly client: Client
  /** Waits as `promise` does, and lets the clock of the programs go on meanwhile. */
  settled<T>(promise: Promise<T>): Promise<T>
  /** Lets each of the sessions beat once, and waits for the answers. */
  beat(sessions: readonly Session<PrismaClient>[]): Promise<void>
  close(): Promise<void>
}

export async function startPrograms(): Promise<Programs> {
  const { url, client } = await migratedDatabase()
  const clock = fakeClock()
  const open = (componentName: Slot) =>
    settled(clock, new BMDB({ databaseUrl: url, componentName }).open({ timeoutMs: 60_000 }))
  const connections = { A: await open('A'), B: await open('B') }
  return {
    connections,
    client,
    settled: (promise) => settled(clock, promise),
    async beat(sessions) {
      await clock.advance((intervalSeconds * 1_000) / 3)
      const answered = (session: Session<PrismaClient>): boolean =>
        session.signal.aborted || session.remainingMs() > intervalSeconds * 1_000 * 0.7
      await settled(
        clock,
        eventually('every session has beaten', async () => sessions.every(answered)),
      )
    },
    async close() {
      await settled(clock, Promise.all([connections.A.close(), connections.B.close()]))
      clock.restore()
    },
  }
}

async function settled<T>(clock: FakeClock, promise: Promise<T>): Promise<T> {
  let over = false
  const watched = promise.finally(() => (over = true))
  watched.catch(() => {})
  const endNs = hrtime.bigint() + longestNs
  for (let waitedMs = 0; !over; waitedMs++) {
    if (hrtime.bigint() > endNs) throw new Error('it has not come to an end')
    await realPause(1)
    // Most are over by then. What still waits may wait for a timer.
    if (waitedMs > 3 && !over) await clock.advance(3)
  }
  return watched
}

/** Resolves once `look` says yes; asked again and again, for some seconds. */
export async function eventually(what: string, look: () => Promise<boolean>): Promise<void> {
  const endNs = hrtime.bigint() + longestNs
  while (!(await look())) {
    if (hrtime.bigint() > endNs) throw new Error(`it has not come about: ${what}`)
    await realPause(1)
  }
}
