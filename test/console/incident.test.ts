import { defineProcess, startRunner } from '@bmdb/worker'
import { expect, onTestFinished, test } from 'vitest'
import { cannotRun, stages } from './stage.ts'

const stage = stages()

test.skipIf(cannotRun !== undefined)(
  'a stuck machine is found, explained, released with a reason, and taken again, all of it live',
  { timeout: 90_000 },
  async () => {
    const { connection, open } = await stage()
    const machineId = await connection.operator('stage').addMachine({ reason: 'for the test' })
    let runs = 0
    const flashing = defineProcess({
      name: 'FirmwareUpdate',
      progressSeconds: 1,
      run: async ({ progress, signal }) => {
        runs += 1
        progress(runs === 1 ? 'flashing the BMC' : 'flashing once more', 40)
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
      },
    })
    const runner = await startRunner(connection, {
      processes: [flashing],
      concurrency: 1,
      intervalSeconds: 2,
      drainSeconds: 0,
    })
    onTestFinished(() => runner.stop())

    const { page, complaints } = await open('/')
    let loads = 0
    page.on('framenavigated', () => (loads += 1))
    // Fleet: what needs attention.
    const attention = page.getByRole('region', { name: 'Needs attention' })
    await attention.getByText('flashing the BMC').waitFor({ timeout: 40_000 })
    await attention.getByRole('link', { name: machineId.slice(0, 8) }).click()
    // The machine: who holds it, and why nothing else begins.
    await page.getByRole('heading', { level: 1, name: new RegExp(machineId) }).waitFor()
    const why = page.getByRole('region', { name: 'Why it is worked on, or not' })
    await why
      .getByText(/not held.*no;/s)
      .first()
      .waitFor()
    await why.getByText(/FirmwareUpdate is held by stage/).waitFor()
    const work = page.getByRole('region', { name: 'Work now' })
    await work.getByText('stuck').waitFor()
    const navigations = loads
    // Release it, with a reason.
    await work.getByRole('button', { name: /^Release/ }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('Held by stage').waitFor()
    await dialog.getByRole('button', { name: 'Release' }).click()
    await dialog.getByText('Say why').waitFor()
    await dialog.getByLabel('Reason').fill('its flash hangs at 40 %')
    await dialog.getByRole('button', { name: 'Release' }).click()
    await dialog.waitFor({ state: 'detached' })
    // The worker takes it again, and the timeline shows both, without a reload.
    const history = page.getByRole('region', { name: 'History' })
    await history.getByText('its flash hangs at 40 %').first().waitFor()
    await history.getByText('Released').first().waitFor()
    await work.getByText('flashing once more').waitFor()
    await expect.poll(() => history.getByText('Started').count()).toBe(2)
    expect(loads).toBe(navigations)
    expect(runs).toBe(2)
    expect(complaints).toEqual([])
    const told = (await connection.fleet.history({ machineId })).rows
    expect(told.map((row) => (row.kind === 'work' ? row.event : `${row.operator}: ${row.action}`))).toEqual([
      'Started',
      'Released',
      'ann: release',
      'Started',
      'stage: add machine',
    ])
  },
)
