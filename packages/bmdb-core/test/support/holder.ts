import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { TestDatabase } from '../setup.ts'
import { eventually } from '../helpers.ts'

/** By which call a holder stands inside a transaction. */
export type Way = 'session.transact' | 'work.transact' | 'finish'
/** Where in the transaction it stands: between two statements, in one that runs, or while the server sends an answer. */
export type Inside = 'idle' | 'a statement' | 'an answer'

/** What a holder program is asked: to claim each machine in a session of its own, and to stand inside a transaction. */
export interface Hold {
  readonly url: string
  readonly holders: readonly { readonly machineId: string; readonly way: Way }[]
  readonly inside: Inside
  readonly intervalSeconds: number
}

/** How one of its transactions ended: with an error's code and reason, and whether both signals had aborted. */
export interface HolderEnd {
  readonly code: string
  readonly reason: string | undefined
  readonly lost: boolean
}

/** What a holder program says: the sessions that are inside their transactions, and later how these ended. */
export type Report = { readonly inside: readonly string[] } | { readonly ends: readonly HolderEnd[] }

const packageDirectory = fileURLToPath(new URL('../..', import.meta.url))

/** What waits look like from outside, for each place to stand in. */
const standing: Record<Inside, string> = {
  idle: `state = 'idle in transaction'`,
  'a statement': `wait_event = 'PgSleep'`,
  'an answer': `state = 'active' AND query LIKE 'SELECT repeat%'`,
}

/** A program of its own that holds machines, and that can be frozen: its process stands still then, all of it. */
export class HolderProgram implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown>
  readonly #reports: Report[] = []
  #holding = false

  /** Starts it; that takes about a second of a processor's time. */
  constructor() {
    this.#child = spawn(
      process.execPath,
      ['--import', 'tsx', '--conditions=@bmdb/source', 'test/support/holder-program.ts'],
      { cwd: packageDirectory, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] },
    )
    this.#exited = once(this.#child, 'exit')
    this.#child.on('message', (report) => this.#reports.push(report as Report))
  }

  /** True while it runs and holds nothing: it can be asked again. */
  get free(): boolean {
    return !this.#holding && this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Has it hold machines of a database. Resolves with the ids of its sessions once all stand inside a transaction. */
  async hold(database: TestDatabase, hold: Omit<Hold, 'url'>): Promise<readonly string[]> {
    this.#reports.length = 0
    this.#holding = true
    this.#child.send({ ...hold, url: database.url } satisfies Hold)
    const { inside } = await this.#reported('inside')
    await connectionsStand(database, inside, standing[hold.inside])
    return inside
  }

  /** Stops it in the middle of whatever it does; resolves when it stands still. */
  async stop(): Promise<void> {
    this.#child.kill('SIGSTOP')
    await eventually('the program stands still', () => this.#state().startsWith('T'))
  }

  /** Lets it go on where it stood. Resolves with how its transactions ended. */
  async wake(): Promise<readonly HolderEnd[]> {
    this.#child.send('go on')
    this.#child.kill('SIGCONT')
    const { ends } = await this.#reported('ends')
    this.#holding = false
    return ends
  }

  /** Ends it as `kill -9` does. Twice is harmless. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exited
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
  }

  #state(): string {
    return execFileSync('ps', ['-o', 'stat=', '-p', String(this.#child.pid)], { encoding: 'utf8' })
  }

  async #reported<Key extends 'inside' | 'ends'>(key: Key): Promise<Extract<Report, Record<Key, unknown>>> {
    return eventually(
      `the holder program reports "${key}"`,
      () => {
        if (this.#child.exitCode !== null || this.#child.signalCode !== null)
          throw new Error('the holder program has ended')
        return this.#reports.find((one): one is Extract<Report, Record<Key, unknown>> => key in one)
      },
      20_000,
    ).then((report) => report!)
  }
}

/** Waits until the connections of all these sessions' transactions are in the state that the condition describes. */
export async function connectionsStand(
  database: TestDatabase,
  sessionIds: readonly string[],
  condition: string,
): Promise<void> {
  await eventually(`connections with ${condition}`, async () => {
    const [row] = await database.sql<{ standing: number }>(
      `SELECT count(*)::int AS standing FROM pg_stat_activity
       WHERE datname = current_database() AND application_name = ANY($1) AND ${condition}`,
      sessionIds.map((id) => `bmdb ${id}`),
    )
    return row!.standing === sessionIds.length
  })
}
