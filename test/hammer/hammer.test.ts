import { expect, inject, test } from 'vitest'
import { migratedDatabase } from '../setup.ts'
import { hammer } from './hammer.ts'
import { ways } from './ways.ts'

test(
  'processes in conflict are never on one machine, and racks never too full, by no way of claiming',
  { timeout: 60_000 },
  async ({ signal }) => {
    const { url } = await migratedDatabase()
    const { violations, held, byWay } = await hammer({
      databaseUrl: url,
      programs: 3,
      seconds: 4,
      machines: 10,
      signal,
      built: inject('built'),
    })
    expect(violations).toEqual([])
    for (const process of ['Flash', 'Inspect', 'Reboot']) expect(held[process]).toBeGreaterThan(5)
    for (const way of Object.keys(ways)) expect(byWay[way], way).toBeGreaterThan(0)
  },
)
