import { describe, expect, test } from 'vitest'
import { ProcessDeclarationError } from '../src/index.ts'
import { rejection } from './helpers.ts'
import { testDatabase } from './setup.ts'

async function declared() {
  const database = await testDatabase()
  const connection = await database.open()
  const conflicts = async (): Promise<string[]> =>
    (
      await database.sql<{ pair: string }>(
        `SELECT process || '-' || conflicts_with AS pair FROM process_conflicts ORDER BY 1`,
      )
    ).map((row) => row.pair)
  return { database, connection, conflicts }
}

describe('a declaration of a process', () => {
  test('stores conflicts in both directions, and the same again writes nothing', async () => {
    const { connection, conflicts, database } = await declared()
    const declaration = { process: 'P', conflictsWith: ['R', 'Q'], failureDomains: { rack: 2 } }
    await connection.declareProcess(declaration)
    expect(await conflicts()).toEqual(['P-Q', 'P-R', 'Q-P', 'R-P'])
    await connection.declareProcess({ ...declaration, conflictsWith: ['Q', 'R'] })
    expect(await database.sql(`SELECT action FROM operator_history`)).toHaveLength(1)
    expect(await connection.fleet.processes()).toMatchObject([
      { process: 'P', conflictsWith: ['Q', 'R'], failureDomains: { rack: 2 } },
      { process: 'Q', conflictsWith: ['P'] },
      { process: 'R', conflictsWith: ['P'] },
    ])
  })

  test('with other rules is refused, names both, and writes nothing', async () => {
    const { connection, conflicts } = await declared()
    await connection.declareProcess({ process: 'P', conflictsWith: ['Q'] })
    const error = await rejection(connection.declareProcess({ process: 'P', failureDomains: { rack: 1 } }))
    expect(error).toBeInstanceOf(ProcessDeclarationError)
    expect(error.message).toContain('declared by test with conflicts with Q')
    expect(error.message).toContain('now with no conflicts, at most 1 of one rack')
    expect(await conflicts()).toEqual(['P-Q', 'Q-P'])
  })

  test('replaces them where it is told to; what the other process declares stays', async () => {
    const { connection, conflicts, database } = await declared()
    await connection.declareProcess({ process: 'P', conflictsWith: ['Q', 'R'] })
    await connection.declareProcess({ process: 'Q', conflictsWith: ['P'] })
    await connection.declareProcess({ process: 'P' }, { replace: true })
    expect(await conflicts()).toEqual(['P-Q', 'Q-P'])
    const rules = await database.sql('SELECT process, has_rules FROM processes ORDER BY process')
    expect(rules).toEqual([
      { process: 'P', has_rules: true },
      { process: 'Q', has_rules: true },
      { process: 'R', has_rules: false },
    ])
  })

  test('with another condition only replaces the condition', async () => {
    const { connection } = await declared()
    await connection.declareProcess({ process: 'P', conflictsWith: ['Q'], where: { hardwareReport: null } })
    await connection.declareProcess({ process: 'P', conflictsWith: ['Q'], sql: 'm.machine_retired_at IS NULL' })
  })

  test('made by many at once is stored once', async () => {
    const { connection, conflicts, database } = await declared()
    await Promise.all(
      Array.from({ length: 6 }, () => connection.declareProcess({ process: 'P', conflictsWith: ['Q'] })),
    )
    expect(await conflicts()).toEqual(['P-Q', 'Q-P'])
    expect(await database.sql('SELECT 1 FROM process_domain_limits')).toEqual([])
    expect(await database.sql('SELECT 1 FROM operator_history')).toHaveLength(1)
  })

  test.each([
    [{ process: '' }, 'process'],
    [{ process: 'P', conflictsWith: ['P'] }, 'conflictsWith'],
    [{ process: 'P', conflictsWith: 'Q' }, 'conflictsWith'],
    [{ process: 'P', failureDomains: { rack: 0 } }, 'failureDomains.rack'],
    [{ process: 'P', where: {}, sql: 'true' }, 'sql'],
  ])('%o is refused', async (declaration, named) => {
    const { connection } = await declared()
    const error = await rejection(connection.declareProcess(declaration as never))
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
    expect(error.message).toContain(named)
    expect(await connection.fleet.processes()).toEqual([])
  })
})
