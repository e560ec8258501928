import type { QueryResultRow } from 'pg'
import { validate as isUuid } from 'uuid'
import { invalid, wholeNumber } from '../arguments.ts'
import type { Database } from '../database/database.ts'
import { readOwn } from '../database/own-statements.ts'
import { TransactionTimeoutError } from '../errors.ts'
import { Limit, type WaitOptions } from '../limit.ts'

/** Options of every list. */
export interface PageOptions extends WaitOptions {
  /** How many at most, 1 to 1000. Default 100. */
  readonly limit?: number | undefined
  /** Where the page before ended: its `next`. Default: from the beginning. */
  readonly after?: string | undefined
}

/** Part of a list. */
export interface Page<Row> {
  readonly rows: readonly Row[]
  /** What to give as `after` for the next part; null where this was the last. */
  readonly next: string | null
}

/** A list as a statement. */
export interface Listing {
  /** For messages, such as `listing sessions`. */
  readonly what: string
  /** `SELECT … FROM …`, without its WHERE. */
  readonly select: string
  /** Conditions, with the values as $1, $2, … */
  readonly conditions: readonly string[]
  readonly values: readonly unknown[]
  /** What it is ordered by, with the type of each: together unique, and never changing while one pages. */
  readonly key: readonly { readonly column: string; readonly type: 'timestamptz' | 'uuid' | 'text' }[]
  readonly descending?: boolean
}

/** Reads one page by its key, so that a page far behind costs no more than the first. */
export async function readPage<Row>(database: Database, listing: Listing, options: PageOptions): Promise<Page<Row>> {
  const count = wholeNumber('limit', options.limit ?? 100, 1, 1_000)
  const { key, descending = false } = listing
  const values = [...listing.values]
  const conditions = [...listing.conditions]
  if (options.after !== undefined) {
    const from = decode(options.after, key)
    const places = key.map(({ type }, index) => `$${values.length + index + 1}::${type}`)
    values.push(...from)
    conditions.push(`(${columns(key)}) ${descending ? '<' : '>'} (${places.join(', ')})`)
  }
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`
  const order = key.map(({ column }) => `${column} ${descending ? 'DESC' : 'ASC'}`).join(', ')
  const keyTexts = key.map(({ column }) => `${column}::text`).join(', ')
  // The key comes as texts: a JavaScript date would cut microseconds off, and rows with them.
  const text = listing.select.replace('SELECT', `SELECT ARRAY[${keyTexts}] AS page_key,`)
  using limit = new Limit(options, 30_000, (ms) => new TransactionTimeoutError(listing.what, ms))
  const { rows } = await readOwn(database, limit, listing.what, (connection) =>
    connection.query<QueryResultRow & { page_key: string[] }>({
      text: `${text} ${where} ORDER BY ${order} LIMIT ${count + 1}`,
      values,
    }),
  )
  const shown = rows.slice(0, count)
  const last = shown.at(-1)
  return {
    rows: shown.map(({ page_key: _key, ...row }) => row as Row),
    next: rows.length > count && last !== undefined ? encode(last.page_key) : null,
  }
}

function columns(key: Listing['key']): string {
  return key.map(({ column }) => column).join(', ')
}

function encode(key: readonly string[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url')
}

function decode(cursor: unknown, key: Listing['key']): readonly string[] {
  const expected = 'the `next` of an earlier page of the same list'
  if (typeof cursor !== 'string') invalid('after', cursor, expected)
  let parts: unknown
  try {
    parts = JSON.parse(Buffer.from(cursor, 'base64url').toString())
  } catch {
    invalid('after', cursor, expected)
  }
  const fits = Array.isArray(parts) && parts.length === key.length
  if (!fits || !key.every(({ type }, index) => isOf[type]((parts as unknown[])[index])))
    invalid('after', cursor, expected)
  return parts as string[]
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
