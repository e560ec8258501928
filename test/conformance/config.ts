import process from 'node:process'

/** A PostgreSQL or CockroachDB server on which the suite makes databases of its own. Default: the embedded PostgreSQL. */
export const serverUrl = process.env['BMDB_TEST_DATABASE_URL'] || undefined

/** What child programs inherit: nothing that says something of BMDB. */
export const childEnvironment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(BMDB_|VITEST|NODE_ENV$|NO_COLOR)/.test(name)),
)
