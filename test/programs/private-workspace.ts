import { chmodSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { attachEmbeddedDatabase, stopEmbeddedDatabase } from '@bmdb/embedded'
import { Client } from 'pg'
import { onTestFinished } from 'vitest'
import { processes } from './processes.ts'

/** A workspace of one test's own: programs that run there use the embedded database under its `.bmdb`. */
export class PrivateWorkspace {
  readonly directory: string

  constructor() {
    this.directory = mkdtempSync(join(realpathSync(tmpdir()), 'bmdb-workspace-'))
    // So that the database's user can walk through it.
    chmodSync(this.directory, 0o711)
    writeFileSync(join(this.directory, 'package.json'), '{ "workspaces": [] }')
    onTestFinished(async () => {
      await stopEmbeddedDatabase({ directory: this.#data })
      rmSync(this.directory, { recursive: true, force: true, maxRetries: 5 })
    })
  }

  get #data(): string {
    return join(this.directory, '.bmdb')
  }

  /** Whether its database runs. */
  running(): boolean {
    // The server's own process has its data's folder among its arguments.
    return processes().some(({ command }) => command.includes(this.directory) && command.includes('postgres'))
  }

  /** What is in its database now, by plain SQL; starts it if nobody has. */
  async query<Row extends object>(text: string): Promise<Row[]> {
    const database = await attachEmbeddedDatabase({ directory: this.#data })
    const client = new Client({ connectionString: database.url })
    try {
      await client.connect()
      return (await client.query<Row>(text)).rows
    } finally {
      await client.end()
      await database.close()
    }
  }

  /** How many sessions and how much work are left, and how many machines have a report. */
  async left(): Promise<{ sessions: number; work: number; reports: number }> {
    const [row] = await this.query<{ sessions: number; work: number; reports: number }>(
      `SELECT (SELECT count(*) FROM sessions)::int4 AS sessions, (SELECT count(*) FROM work)::int4 AS work,
              (SELECT count(*) FROM machine_hardware_report)::int4 AS reports`,
    )
    return row!
  }
}
