import { describe, expect, test } from 'vitest'
import { defineProcess } from '../src/index.ts'
import { eventually, fleet, pause, untilAborted } from './setup.ts'

describe('progress', () => {
  test('is seen by operators, the newest at most once a second, and is neither waited for nor thrown', async () => {
    const made = await fleet(1)
    const writes = `CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN INSERT INTO notes VALUES (new.message, new.percent); RETURN NULL; END $$`
    await made.database.sql('CREATE TABLE notes (message TEXT, percent INT4)')
    await made.database.sql(writes)
    await made.database.sql(
      'CREATE TRIGGER note AFTER INSERT OR UPDATE ON work_progress FOR EACH ROW EXECUTE FUNCTION note()',
    )
    const process = defineProcess({
      name: 'P',
      run: async ({ progress, signal }) => {
        progress('flashing', 40)
        for (let percent = 0; percent < 10; percent++) {
          await pause(30)
          progress('writing', percent)
        }
        progress('', 250)
        await untilAborted(signal)
      },
    })
    await made.start([process])
    const notes = () => made.database.sql('SELECT * FROM notes')
    await eventually('two writes', async () => (await notes()).length === 2)
    expect(await notes()).toEqual([
      { message: 'flashing', percent: 40 },
      { message: '…', percent: 100 },
    ])
    expect((await made.connection.fleet.work()).rows).toMatchObject([{ progress: { message: '…', percent: 100 } }])
  })

  test('that stops for too long is told once, until there is more, and the run goes on', async () => {
    const made = await fleet(1)
    const process = defineProcess({
      name: 'P',
      progressSeconds: 1,
      run: async ({ progress, signal }) => {
        await pause(1_500)
        progress('half', 50)
        await pause(300)
        await untilAborted(signal)
      },
    })
    const { until, told, log, runner } = await made.start([process])
    const [machineId] = made.machineIds
    expect(await until('stuck')).toMatchObject({ process: 'P', machineId, seconds: 1, lastProgress: undefined })
    await eventually('operators see it too', async () => {
      return (await made.connection.fleet.work({ stuck: true })).rows.length === 1
    })
    expect(await until('stuck', 2)).toMatchObject({ lastProgress: 'half' })
    await pause(1_500)
    expect(told('stuck')).toHaveLength(2)
    expect(runner.running).toHaveLength(1)
    expect(log.said('the run is stuck: no progress was reported')).toMatchObject([{ level: 'warn' }, { level: 'warn' }])
  })

  test('that goes on is not stuck, nor is a run that is over', async () => {
    const made = await fleet(1)
    const process = defineProcess({
      name: 'P',
      progressSeconds: 1,
      eligible: { workTokens: { none: {} } },
      run: async ({ progress }) => {
        for (let n = 0; n < 5; n++) {
          progress('on', n)
          await pause(400)
        }
      },
    })
    const { until, told } = await made.start([process])
    await until('finished')
    await pause(1_300)
    expect(told('stuck')).toEqual([])
  })
})

describe('an event loop that stands still', () => {
  test('is told, with the runs under way', async () => {
    const made = await fleet(1)
    const process = defineProcess({
      name: 'P',
      run: async ({ signal }) => {
        await pause(100)
        const endMs = performance.now() + 900
        while (performance.now() < endMs);
        await untilAborted(signal)
      },
    })
    const { until, log } = await made.start([process], { intervalSeconds: 3 })
    const { ms, runs } = await until('blocked')
    expect(ms).toBeGreaterThan(600)
    expect(runs).toMatchObject([{ process: 'P', machineId: made.machineIds[0] }])
    const [line] = log.lines.filter((one) => one.message.startsWith('the event loop stood still'))
    expect(line).toMatchObject({ level: 'warn', fields: { runs: [`P on ${made.machineIds[0]}`] } })
  })

  test('for a moment only, is not', async () => {
    const made = await fleet(1)
    const process = defineProcess({
      name: 'P',
      run: async ({ signal }) => {
        const endMs = performance.now() + 300
        while (performance.now() < endMs);
        await untilAborted(signal)
      },
    })
    const { until, told } = await made.start([process], { intervalSeconds: 30 })
    await until('claimed')
    await pause(1_000)
    expect(told('blocked')).toEqual([])
  })
})
