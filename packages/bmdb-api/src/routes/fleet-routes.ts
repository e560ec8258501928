import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { Me, Overview, Process, Throughput, ThroughputQuery } from '../contract/index.ts'
import { notFound } from '../problem/problem-error.ts'
import { addRead } from './route.ts'
import type { Serving } from './serving.ts'

/** Who asks, and how the fleet stands. */
export function addFleetRoutes(instance: FastifyInstance, serving: Serving): void {
  const { connection, view, version } = serving
  addRead(
    instance,
    serving,
    { url: '/me', operationId: 'getMe', tag: 'Fleet', summary: 'Who asks, and what they may do', answer: Me },
    async ({ identity: { name, role, csrfToken, canLogOut } }) => {
      return { name, role, csrfToken, dialect: connection.dialect, version, canLogOut }
    },
  )
  addRead(
    instance,
    serving,
    {
      url: '/overview',
      operationId: 'getOverview',
      tag: 'Fleet',
      summary: 'The fleet at a glance',
      description:
        'Counts are kept for some seconds, and longer where counting takes long; `at` says of when they are.',
      answer: Overview,
    },
    ({ wait }) => view.overview(wait()),
  )
  addRead(
    instance,
    serving,
    {
      url: '/processes',
      operationId: 'listProcesses',
      tag: 'Processes',
      summary: 'All processes with their counts, by name',
      answer: Type.Array(Process),
    },
    ({ wait }) => view.processes(wait()),
  )
  addRead(
    instance,
    serving,
    {
      url: '/throughput',
      operationId: 'getThroughput',
      tag: 'Fleet',
      summary: 'How work began and ended over time',
      query: ThroughputQuery.properties,
      answer: Throughput,
      mayBeMissing: true,
    },
    async ({ query: { hours = 24, process }, wait }) => {
      if (process !== undefined && !(await view.processNames(wait())).includes(process))
        throw notFound(
          'ERR_PROCESS_NOT_FOUND',
          `There is no process ${JSON.stringify(process)}: GET processes has all of them.`,
        )
      return view.throughput({ hours, process }, wait())
    },
  )
}
