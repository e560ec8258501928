import type { QueryResultRow } from 'pg'
import { wholeNumber } from '../arguments.ts'
import type { Database } from '../database/database.ts'
import { readOwn } from '../database/own-statements.ts'
import { TransactionTimeoutError } from '../errors.ts'
import { Limit, type WaitOptions } from '../limit.ts'
import { processName } from '../work/process-name.ts'

/** How work began and ended in one stretch of time. */
export interface ThroughputBucket {
  readonly from: Date
  readonly started: number
  readonly finished: number
  readonly failed: number
  /** Snoozed, parked, canceled, expired, released. */
  readonly other: number
}

/** How work ended over time. */
export interface Throughput {
  readonly bucketSeconds: number
  /** Oldest first, without gaps; the last one is not over yet. */
  readonly buckets: readonly ThroughputBucket[]
}

/** Options of `fleet.throughput`. */
export interface ThroughputOptions extends WaitOptions {
  /** How far back, whole hours from 1 to 168. Default 24. */
  readonly hours?: number | undefined
  /** Of one process. Default: of all. */
  readonly process?: string | undefined
}

const bucketsShown = 60

/**
 * Counts the history of so many hours, in 60 stretches by the database's clock. Its cost grows with the rows of that time:
 * not to be asked for with every request.
 */
export async function countThroughput(database: Database, options: ThroughputOptions = {}): Promise<Throughput> {
  const hours = wholeNumber('hours', options.hours ?? 24, 1, 168)
  const process = options.process === undefined ? null : processName(options.process)
  const bucketSeconds = (hours * 3_600) / bucketsShown
  using limit = new Limit(options, 30_000, (ms) => new TransactionTimeoutError('counting the history', ms))
  const { rows } = await readOwn(database, limit, 'counting the history', (connection) =>
    connection.query<ThroughputBucket & QueryResultRow>({
      text: `
        WITH bounds AS MATERIALIZED (
          SELECT floor(extract(epoch FROM now()) / $1::float8) - ${bucketsShown - 1} AS first
        ), counted AS MATERIALIZED (
          SELECT floor(extract(epoch FROM "timestamp") / $1::float8) AS bucket,
                 count(*) FILTER (WHERE event = 'Started')::int4 AS started,
                 count(*) FILTER (WHERE event = 'Finished')::int4 AS finished,
                 count(*) FILTER (WHERE event = 'Failed')::int4 AS failed,
                 count(*) FILTER (WHERE event NOT IN ('Started', 'Finished', 'Failed'))::int4 AS other
          FROM work_history
          WHERE "timestamp" >= now() - $2::float8 * interval '1 second' AND ($3::text IS NULL OR process = $3::text)
          GROUP BY 1
        )
        SELECT to_timestamp((b.first + n.n) * $1::float8) AS "from", coalesce(c.started, 0) AS started,
               coalesce(c.finished, 0) AS finished, coalesce(c.failed, 0) AS failed, coalesce(c.other, 0) AS other
        FROM bounds AS b CROSS JOIN generate_series(0, ${bucketsShown - 1}) AS n (n)
        LEFT JOIN counted AS c ON c.bucket = b.first + n.n
        ORDER BY n.n`,
      values: [bucketSeconds, hours * 3_600, process],
    }),
  )
  return { bucketSeconds, buckets: rows }
}
