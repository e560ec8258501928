import { describe, expect, test } from 'vitest'
import { Child } from './child.ts'
import { testDatabase } from './setup.ts'
import { pause } from './waiting.ts'

/** A program that holds the one machine there is. */
async function stopping(...flags: string[]) {
  const database = await testDatabase()
  await database.machines(1)
  const program = new Child('stopping-program.ts', '--database-url', database.url, ...flags)
  await program.told('held')
  const left = async () => {
    const [row] = await database.sql(
      'SELECT (SELECT count(*) FROM sessions)::int4 AS sessions, (SELECT count(*) FROM work)::int4 AS work',
    )
    return { ...row, events: (await database.journal()).map((one) => one.event).sort() }
  }
  return { program, left }
}

describe('promise 10: a clean stop', () => {
  test('what is held gets its time to finish, nothing new is begun, the session is closed; SIGTERM and SIGINT', async () => {
    const stops = (['SIGTERM', 'SIGINT'] as const).map(async (signal) => {
      const { program, left } = await stopping('--work-seconds', '1', '--drain-seconds', '30')
      program.signal(signal)
      expect(await program.ended()).toMatchObject({ code: 0, err: '' })
      expect(await left()).toEqual({ sessions: 0, work: 0, events: ['Finished', 'Started'] })
    })
    await Promise.all(stops)
  })

  test('what takes longer is cancelled; a second signal ends the program at once, and promise 4 covers the rest', async () => {
    const [patient, hasty] = await Promise.all([stopping('--drain-seconds', '0.3'), stopping('--drain-seconds', '60')])
    patient.program.signal('SIGTERM')
    const end = await patient.program.ended()
    expect(end).toMatchObject({ code: 0, err: '' })
    expect(end.ms).toBeLessThan(3_000)
    expect(await patient.left()).toEqual({ sessions: 0, work: 0, events: ['Canceled', 'Started'] })

    hasty.program.signal('SIGINT')
    // Signals within a quarter of a second are one request.
    await pause(400)
    hasty.program.signal('SIGINT')
    const atOnce = await hasty.program.ended()
    expect(atOnce).toMatchObject({ code: 130 })
    expect(atOnce.ms).toBeLessThan(1_000)
    expect(await hasty.left()).toEqual({ sessions: 1, work: 1, events: ['Started'] })
  })
})
