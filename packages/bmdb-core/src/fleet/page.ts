import type { QueryResultRow } from 'pg'
import { validate as isUuid } from 'uuid'
import { invalid, wholeNumber } from '../arguments.ts'
import { sqlState } from '../database/database-error.ts'
import type { Database } from '../database/database.ts'
import { inOneTransaction, readOwn, refusalOf } from '../database/own-statements.ts'
import { TransactionTimeoutError } from '../errors.ts'
import { Limit, type WaitOptions } from '../limit.ts'
import { byIndexes } from '../sql/end-sessions.ts'
import type { Conditions } from './conditions.ts'

/** Options of every list. */
export interface PageOptions extends WaitOptions {
  /** How many at most, 1 to 1000. Default 100. */
  readonly limit?: number | undefined
  /** Where the page before ended: its `next`. Default: from the beginning. */
  readonly after?: string | undefined
}

/** Part of a list. */
export interface Page<Row> {
  /** May be fewer than were asked for, even none, where `next` is not null: only so many are looked at for one page. */
  readonly rows: readonly Row[]
  /** What to give as `after` for the next part; null where this was the last. */
  readonly next: string | null
}

/** A list as a statement. */
export interface Listing {
  /** For messages, such as `listing sessions`. */
  readonly what: string
  /** What is paged through, with its alias, such as `machines AS m`: a table, or a query in brackets. */
  readonly base: string
  /** What is shown of each row of the base. */
  readonly columns: string
  /** What belongs to a row of the base: `JOIN …`, which must neither add rows nor take them away. */
  readonly joins?: string
  readonly conditions: Conditions
  /** Columns of the base that it is ordered by: together unique, never changing while one pages, and in an index. */
  readonly key: readonly { readonly column: string; readonly type: 'timestamptz' | 'uuid' | 'text' }[]
  readonly descending?: boolean
}

/** Rows of the base that are looked at for one page where conditions are not in the index: some 20 ms. */
const mostScanned = 5_000

/**
 * Reads one page by its key, so that a page far behind costs no more than the first, and a condition that hardly any row
 * meets no more than one that all meet.
 */
export async function readPage<Row>(database: Database, listing: Listing, options: PageOptions): Promise<Page<Row>> {
  const count = wholeNumber('limit', options.limit ?? 100, 1, 1_000)
  const { key, descending = false, base, columns, joins = '' } = listing
  const { indexed, scanned, values } = listing.conditions
  const inBase = [...indexed]
  const all = [...values]
  if (options.after !== undefined) {
    const from = decode(options.after, key)
    const places = key.map(({ type }, index) => `$${all.length + index + 1}::${type}`)
    all.push(...from)
    inBase.push(`(${key.map(({ column }) => column).join(', ')}) ${descending ? '<' : '>'} (${places.join(', ')})`)
  }
  const order = `ORDER BY ${key.map(({ column }) => `${column} ${descending ? 'DESC' : 'ASC'}`).join(', ')}`
  // The key comes as texts: a JavaScript date would cut microseconds off, and rows with them.
  const pageKey = `ARRAY[${key.map(({ column }) => `${column}::text`).join(', ')}]`
  const alias = base.slice(base.lastIndexOf(' ') + 1)
  const looked = scanned.length === 0 ? count + 1 : mostScanned
  const text = `
    WITH looked AS MATERIALIZED (
      SELECT ${alias}.* FROM ${base}${where(inBase)} ${order} LIMIT ${looked}
    ), found AS MATERIALIZED (
      SELECT ${pageKey} AS page_key, row_number() OVER (${order}) AS page_place, ${columns}
      FROM looked AS ${alias} ${joins}${where(scanned)} ${order} LIMIT ${count + 1}
    )
    SELECT ended.page_end, found.* FROM (
      SELECT (SELECT ${pageKey} FROM looked AS ${alias} ${order} OFFSET ${mostScanned - 1} LIMIT 1) AS page_end
    ) AS ended LEFT JOIN found ON true ORDER BY found.page_place`
  using limit = new Limit(options, 30_000, (ms) => new TransactionTimeoutError(listing.what, ms))
  const { dialect } = database
  const results = await readOwn(database, limit, listing.what, (connection) =>
    inOneTransaction(connection, dialect, [...byIndexes(dialect), { text, values: all }]),
  ).catch((error: unknown) => {
    // It looks like a time, and there is none: the 30th of February.
    const refused = options.after !== undefined && noTime.has(sqlState(refusalOf(error)) ?? '')
    if (refused) invalidCursor(options.after)
    throw error
  })
  const rows = results.at(-1)!.rows as (QueryResultRow & PageColumns)[]
  const found = rows.filter((row) => row.page_key !== null)
  const shown = found.slice(0, count)
  const end = found.length > count ? shown.at(-1)!.page_key : rows[0]!.page_end
  return {
    rows: shown.map(({ page_key: _key, page_place: _place, page_end: _end, ...row }) => row as Row),
    next: end === null ? null : encode(end),
  }
}

interface PageColumns {
  readonly page_key: readonly string[] | null
  readonly page_place: string | null
  /** The last that was looked at, where there may be more behind it. */
  readonly page_end: readonly string[] | null
}

function where(conditions: readonly string[]): string {
  return conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`
}

function encode(key: readonly string[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url')
}

function decode(cursor: unknown, key: Listing['key']): readonly string[] {
  if (typeof cursor !== 'string') invalidCursor(cursor)
  let parts: unknown
  try {
    parts = JSON.parse(Buffer.from(cursor, 'base64url').toString())
  } catch {
    invalidCursor(cursor)
  }
  const fits = Array.isArray(parts) && parts.length === key.length
  if (!fits || !key.every(({ type }, index) => isOf[type]((parts as unknown[])[index]))) invalidCursor(cursor)
  return parts as string[]
}

/** SQLSTATEs of what is no time. */
const noTime = new Set(['22007', '22008', '22009'])

function invalidCursor(cursor: unknown): never {
  invalid('after', cursor, 'the `next` of an earlier page of the same list')
}

const isOf = {
  text: (part: unknown) => typeof part === 'string' && !part.includes('\0'),
  uuid: isUuid,
  // As the database writes it, whatever its time zone.
  timestamptz: (part: unknown) =>
    typeof part === 'string' &&
    /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?[+-]\d\d(:?\d\d)?$/.test(part) &&
    !Number.isNaN(Date.parse(part.slice(0, 19))),
}
