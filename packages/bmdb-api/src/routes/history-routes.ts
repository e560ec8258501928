import { Readable } from 'node:stream'
import type { FleetEvent, Page } from '@bmdb/core'
import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { HistoryEvent, HistoryExportQuery, HistoryQuery, pageOf } from '../contract/index.ts'
import type { LimitedWait } from '../fleet/within.ts'
import { forLog } from '../log.ts'
import { badRequest } from '../problem/problem-error.ts'
import { RequestLimit } from '../request/request-limit.ts'
import { addRead } from './route.ts'
import type { Serving } from './serving.ts'

/** What an export may take; one part of it may take as long as any request for reading. */
const exportMs = 600_000

/** What happened to work, and what operators did. */
export function addHistoryRoutes(instance: FastifyInstance, serving: Serving): void {
  const { logger, limits } = serving
  const { fleet } = serving.connection
  addRead(
    instance,
    serving,
    {
      url: '/history',
      operationId: 'listHistory',
      tag: 'History',
      summary: 'What happened to work and what operators did, newest first',
      query: HistoryQuery.properties,
      answer: pageOf(HistoryEvent),
    },
    ({ query: { from, to, ...filter }, wait }) => {
      return fleet.history({ ...filter, from: time('from', from), to: time('to', to), ...wait() })
    },
  )
  addRead(
    instance,
    serving,
    {
      url: '/history/export',
      operationId: 'exportHistory',
      tag: 'History',
      summary: 'All that matches, as one JSON array, newest first',
      description: 'Comes as it is read: what breaks off in the middle is no valid JSON. Ten minutes at most.',
      query: HistoryExportQuery.properties,
      answer: Type.Array(HistoryEvent),
    },
    async ({ query: { from, to, ...rest }, reply }) => {
      const filter = { ...rest, from: time('from', from), to: time('to', to), limit: 1_000 }
      const limit = new RequestLimit(reply, exportMs)
      const part = (): LimitedWait => {
        const wait = limit.wait()
        return { ...wait, timeoutMs: Math.min(limits.readMs, wait.timeoutMs) }
      }
      // What is wrong with the filter, or with the database, is told before anything was sent.
      const first = await fleet.history({ ...filter, ...part() })
      const stream = Readable.from(
        parts(first, (after) => fleet.history({ ...filter, after, ...part() })),
        { highWaterMark: 16 },
      )
      stream.on('error', (error) => logger.warn('an export of the history broke off', forLog(error)))
      void reply
        .type('application/json')
        .header('Content-Disposition', 'attachment; filename="bmdb-history.json"')
        .send(stream)
      return undefined
    },
  )
}

async function* parts(first: Page<FleetEvent>, read: (after: string) => Promise<Page<FleetEvent>>) {
  let page = first
  let before = '[\n'
  for (;;) {
    for (const row of page.rows) {
      yield before + JSON.stringify(row)
      before = ',\n'
    }
    if (page.next === null) break
    page = await read(page.next)
  }
  yield before === '[\n' ? '[]\n' : '\n]\n'
}

/** ISO 8601 has times that no clock shows, such as leap seconds. */
function time(name: string, text: string | undefined): Date | undefined {
  if (text === undefined) return undefined
  const date = new Date(text)
  if (Number.isNaN(date.getTime()) || date.getUTCFullYear() < 1)
    throw badRequest(`${name} is ${JSON.stringify(text)}: it must be a time such as 2026-01-31T23:59:59Z.`)
  return date
}
