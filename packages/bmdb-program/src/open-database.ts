import {
  BMDB,
  InvalidArgumentError,
  isBMDBError,
  type BMDBConfig,
  type Connection,
  type PrismaClient,
  type PrismaClientLike,
} from '@bmdb/core'
import { StartupError } from './errors.ts'
import { oneLine, shownAddress } from './redact.ts'

/** How long a program waits before it says that the database cannot be reached yet. */
const patienceMs = 1_000

/** For {@link openDatabase}. */
export interface OpenDatabaseOptions {
  /** Applies missing migrations. Default false: missing ones end the program. */
  readonly migrate?: boolean | undefined
  /** Milliseconds until a database that cannot be reached ends the program. Default 30 000. */
  readonly timeoutMs?: number | undefined
  /** Told, once, that the database cannot be reached yet. */
  readonly onLine: (line: string) => void
  readonly signal?: AbortSignal | undefined
}

/**
 * Opens a BMDB as a program does when it starts: what only a human can mend (URL, password, name, migrations) fails at
 * once, a database that cannot be reached after half a minute.
 * @throws BMDBError or StartupError whose message is one line; the signal's reason
 */
export async function openDatabase<Client extends PrismaClientLike = PrismaClient>(
  config: BMDBConfig<Client>,
  options: OpenDatabaseOptions,
): Promise<Connection<Client>> {
  const { migrate = false, timeoutMs = 30_000, signal } = options
  const bmdb = newBMDB(config)
  const address = shownAddress(config.databaseUrl)
  const timer = setTimeout(() => {
    const what = migrate ? 'is not ready' : 'cannot be reached'
    options.onLine(`the database at ${address} ${what} yet, trying for ${Math.round(timeoutMs / 1_000)} s`)
  }, patienceMs)
  try {
    return await bmdb.open({ migrate, timeoutMs, signal })
  } catch (error) {
    if (isBMDBError(error) || (signal?.aborted === true && error === signal.reason)) throw error
    throw new StartupError(`the database at ${address} cannot be opened: ${messageOf(error)}`, { cause: error })
  } finally {
    clearTimeout(timer)
  }
}

function newBMDB<Client extends PrismaClientLike>(config: BMDBConfig<Client>): BMDB<Client> {
  try {
    return new BMDB<Client>(config)
  } catch (error) {
    if (!(error instanceof InvalidArgumentError) || !error.message.startsWith('databaseUrl')) throw error
    throw new InvalidArgumentError(`--database-url, or BMDB_DATABASE_URL, cannot be used: ${error.message}`)
  }
}

function messageOf(error: unknown): string {
  return oneLine(error instanceof Error ? error.message : String(error))
}
