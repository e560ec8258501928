import { join } from 'node:path'
import { BMDB, type BMDBConfig, type Connection, type PrismaClient, type WaitOptions } from '@bmdb/core'
import { findWorkspaceDirectory } from '@bmdb/embedded'
import { openDatabase, programDatabase, stopOnSignals } from '@bmdb/program'
import type { Context } from '../context.ts'

/** For {@link withDatabase}. */
export interface WithDatabaseOptions {
  /** Default `bmdb`. */
  readonly componentName?: string | undefined
  /** Its abort ends what is under way. Default: SIGINT and SIGTERM do. */
  readonly signal?: AbortSignal | undefined
}

/** An open database, for as long as the function runs that it is given to. */
export interface OpenedDatabase {
  readonly bmdb: BMDB
  readonly connection: Connection<PrismaClient>
  /** What every call to the database is given. */
  readonly wait: WaitOptions
}

/** Opens the database, the embedded one with its migrations, runs `use`, and closes it. */
export async function withDatabase<Result>(
  context: Context,
  use: (database: OpenedDatabase) => Promise<Result>,
  options: WithDatabaseOptions = {},
): Promise<Result> {
  const { output, timeoutMs } = context
  return withUrl(context, options.signal, async ({ databaseUrl, embedded, wait }) => {
    const config = configOf(context, databaseUrl, options.componentName)
    const connection = await openDatabase(config, {
      migrate: embedded,
      timeoutMs,
      signal: wait.signal,
      onLine: (line) => void output.note(line),
    })
    try {
      return await use({ bmdb: new BMDB(config), connection, wait })
    } finally {
      await connection.close()
    }
  })
}

/** A database that need not be open, as its migrations may be missing. */
export interface UnopenedDatabase {
  readonly bmdb: BMDB
  readonly wait: WaitOptions
}

/** Finds out which database is meant, and opens nothing. */
export async function withUnopened<Result>(
  context: Context,
  use: (database: UnopenedDatabase) => Promise<Result>,
): Promise<Result> {
  return withUrl(context, undefined, ({ databaseUrl, wait }) =>
    use({ bmdb: new BMDB(configOf(context, databaseUrl)), wait }),
  )
}

interface Found {
  /** Holds a password: never to be shown. */
  readonly databaseUrl: string
  readonly embedded: boolean
  readonly wait: WaitOptions & { readonly signal: AbortSignal }
}

/** Finds out which database is meant, starts the embedded one where it is that, and lets it go afterwards. */
async function withUrl<Result>(
  context: Context,
  given: AbortSignal | undefined,
  use: (found: Found) => Promise<Result>,
): Promise<Result> {
  const { io, output, databaseUrl, production, timeoutMs } = context
  using stop = given === undefined ? stopOnSignals(io) : undefined
  const signal = given ?? stop!.signal
  const database = await programDatabase({
    databaseUrl,
    production,
    directory: join(findWorkspaceDirectory(io.cwd()), '.bmdb'),
    onLine: (line) => void output.note(line),
    signal,
  })
  try {
    return await use({ databaseUrl: database.url, embedded: database.embedded, wait: { signal, timeoutMs } })
  } finally {
    await database.close()
  }
}

function configOf({ output }: Context, databaseUrl: string, componentName = 'bmdb'): BMDBConfig {
  const note = (message: string): void => void output.note(`warning: ${message}`)
  return { databaseUrl, componentName, poolSize: 2, logger: { debug() {}, info() {}, warn: note, error: note } }
}
