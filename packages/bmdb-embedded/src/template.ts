import { createHash } from 'node:crypto'
import type pg from 'pg'
import { databaseUrl, quoteIdentifier, withClient, type ServerAddress } from './connection.ts'
import type { Deadline } from './deadline.ts'
import { EmbeddedDatabaseError, errorMessage } from './errors.ts'

/** How a template database comes about. */
export interface DatabaseTemplate {
  /**
   * Stands for the template's contents: put a hash of what `prepare` does (of the migrations) into it, since a template
   * of that name is prepared once and then used by all programs. Any length.
   */
  readonly name: string
  /**
   * Fills the new, empty database, and closes its connections to it. Never runs twice at once for a name; runs again
   * where it was cut short before.
   */
  readonly prepare: (url: string) => Promise<void>
}

/** Templates that nobody asked for in that time are removed: each change of the migrations makes a new one. */
const UNUSED_DAYS = 7

/** First half of an advisory lock's key, apart from anybody's who locks in the database `postgres`. */
const LOCK_CLASS = 0x42_4d_44_42

const PREFIX = 'template_'

/**
 * The template's database, prepared if it is not there yet; returns its name.
 *
 * A database becomes a template, in the catalogue's sense (`datistemplate`), as the last step of its preparation: one
 * without that mark is somebody's half, and is made anew. All of it happens under an advisory lock, which the database
 * releases if its holder dies.
 */
export async function prepareTemplate(
  server: ServerAddress,
  template: DatabaseTemplate,
  deadline: Deadline,
): Promise<string> {
  const name = templateDatabase(template.name)
  return withClient(server, 'postgres', deadline, async (client) => {
    deadline.step = `waiting for another program to prepare the template ${template.name}`
    await client.query('SELECT pg_advisory_lock($1, hashtext($2))', [LOCK_CLASS, name])
    const { rows } = await client.query<{ complete: boolean }>(
      'SELECT datistemplate AS complete FROM pg_database WHERE datname = $1',
      [name],
    )
    if (rows[0]?.complete !== true) {
      if (rows.length > 0) await client.query(`DROP DATABASE ${quoteIdentifier(name)} WITH (FORCE)`)
      deadline.step = `preparing the template ${template.name}`
      await fill(client, server, name, template)
      await dropUnusedTemplates(client, name)
    }
    await noteUse(client, name)
    return name
  })
}

async function fill(client: pg.Client, server: ServerAddress, name: string, template: DatabaseTemplate): Promise<void> {
  const database = quoteIdentifier(name)
  await client.query(`CREATE DATABASE ${database}`)
  try {
    await template.prepare(databaseUrl(server, name))
  } catch (error) {
    await client.query(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`).catch(() => undefined)
    throw new EmbeddedDatabaseError(
      'ERR_EMBEDDED_TEMPLATE',
      `Preparing the template database "${template.name}" failed: ${errorMessage(error)}`,
      { cause: error },
    )
  }
  // Connections to it would keep it from being copied: no new ones, and an end to those that were forgotten.
  await client.query(`ALTER DATABASE ${database} ALLOW_CONNECTIONS false`)
  await client.query('SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1', [name])
  await client.query(`ALTER DATABASE ${database} IS_TEMPLATE true`)
}

/** The day of the last use is the database's comment; written once a day, so that programs do not meet over it. */
async function noteUse(client: pg.Client, name: string): Promise<void> {
  const { rows } = await client.query<{ today: string; noted: string | null }>(
    `SELECT current_date::text AS today, shobj_description(oid, 'pg_database') AS noted
     FROM pg_database WHERE datname = $1`,
    [name],
  )
  const today = rows[0]?.today
  if (today === undefined || rows[0]?.noted === today) return
  await client.query(`COMMENT ON DATABASE ${quoteIdentifier(name)} IS '${today}'`)
}

async function dropUnusedTemplates(client: pg.Client, except: string): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT datname AS name FROM pg_database
     WHERE starts_with(datname, $1) AND datistemplate AND datname <> $2
       AND shobj_description(oid, 'pg_database') < (current_date - $3::int)::text`,
    [PREFIX, except, UNUSED_DAYS],
  )
  for (const { name } of rows) {
    const locked = await client.query<{ free: boolean }>('SELECT pg_try_advisory_lock($1, hashtext($2)) AS free', [
      LOCK_CLASS,
      name,
    ])
    if (locked.rows[0]?.free !== true) continue
    await client.query(`ALTER DATABASE ${quoteIdentifier(name)} IS_TEMPLATE false`)
    await client.query(`DROP DATABASE ${quoteIdentifier(name)} WITH (FORCE)`)
  }
}

/** At most 63 bytes: a legible part of the name, and a hash of all of it. */
function templateDatabase(name: string): string {
  const legible = name
    .toLowerCase()
    .replace(/[^0-9a-z]+/g, '_')
    .slice(0, 30)
  return `${PREFIX}${legible}_${createHash('sha256').update(name).digest('hex').slice(0, 16)}`
}
