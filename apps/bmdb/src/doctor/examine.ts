import { isBMDBError } from '@bmdb/core'
import { oneLine } from '@bmdb/program'
import type { Context } from '../context.ts'
import { withDatabase } from '../database/with-database.ts'
import { activityChecks } from './activity-checks.ts'
import { notChecked, runCheck, type CheckResult, type Patient } from './check.ts'
import { schemaChecks } from './schema-checks.ts'
import { serverChecks } from './server-checks.ts'

/** All checks, in the order in which they are told. */
export const checks = [...serverChecks, ...schemaChecks, ...activityChecks]

/**
 * Makes every check that can be made, one after the other; reads only.
 * @param longSeconds - a transaction that is open for longer is told
 */
export async function examine(context: Context, longSeconds: number): Promise<CheckResult[]> {
  try {
    return await withDatabase(context, async ({ bmdb, connection, wait }) => {
      const migrations = await bmdb.migrationStatus(wait)
      const ask = <Row>(statement: string, ...values: unknown[]): Promise<Row[]> =>
        connection.prisma.$queryRawUnsafe<Row[]>(statement, ...values)
      const patient: Patient = { connection, migrations, longSeconds, ask }
      const results: CheckResult[] = []
      for (const check of checks)
        if (check.only === undefined || check.only === connection.dialect) results.push(await runCheck(check, patient))
      return results
    })
  } catch (error) {
    if (isBMDBError(error, 'ERR_DATABASE_UNAVAILABLE') || isBMDBError(error, 'ERR_MIGRATION')) return unopened(error)
    throw error
  }
}

/** What there is to say of a database that cannot be opened. */
function unopened(error: Error): CheckResult[] {
  const fact = oneLine(error.message)
  const migrating = isBMDBError(error, 'ERR_MIGRATION')
  const failed = migrating ? 'migrations' : 'connects'
  const remedy = migrating
    ? 'bmdb migrate up, as a role that may change the schema'
    : 'see to it that the server runs, and that the URL, the name and the password are right'
  const names = [...new Set(checks.map(({ name }) => name))]
  return names.map((check): CheckResult => {
    if (check === failed) return { check, ok: false, fact, remedy }
    if (check === 'connects') return { check, ok: true, fact: 'it answers', remedy: null }
    return notChecked(check, 'the database could not be opened')
  })
}
