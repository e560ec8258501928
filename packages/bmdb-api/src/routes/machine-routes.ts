import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import {
  Explanation,
  Machine,
  MachineDetails,
  MachineFilters,
  MachineQuery,
  pageOf,
  ProcessName,
  Uuid,
} from '../contract/index.ts'
import { badRequest } from '../problem/problem-error.ts'
import { addRead } from './route.ts'
import type { Serving } from './serving.ts'

/** Explanations that are made at a time. */
const atATime = 4

/** Of one machine, more than this is not shown: there is one of each for each process. */
const most = 1_000

/** Machines, and why processes may or may not begin on them. */
export function addMachineRoutes(instance: FastifyInstance, serving: Serving): void {
  const { view } = serving
  const { fleet } = serving.connection
  const tag = 'Machines'
  const oneMachine = { url: '/machines/:id', tag, path: { id: Uuid }, mayBeMissing: true }
  addRead(
    instance,
    serving,
    {
      url: '/machines',
      operationId: 'listMachines',
      tag,
      summary: 'Machines, oldest first',
      query: MachineQuery.properties,
      answer: pageOf(Machine),
    },
    ({ query: { kind, domain, ...filter }, wait }) => {
      return fleet.machines({ ...filter, failureDomain: failureDomain(kind, domain), ...wait() })
    },
  )
  addRead(
    instance,
    serving,
    {
      url: '/machine-filters',
      operationId: 'getMachineFilters',
      tag,
      summary: 'What machines can be filtered by',
      answer: MachineFilters,
    },
    ({ wait }) => view.machineFilters(wait()),
  )
  addRead(
    instance,
    serving,
    {
      ...oneMachine,
      operationId: 'getMachine',
      summary: 'One machine with its facts, its work and its backoffs',
      answer: MachineDetails,
    },
    async ({ path: { id }, wait }) => {
      const [details, work, backoffs] = await Promise.all([
        fleet.machine(id, wait()),
        fleet.work({ machineId: id, limit: most, ...wait() }),
        fleet.backoffs({ machineId: id, limit: most, ...wait() }),
      ])
      return { ...details, work: work.rows, backoffs: backoffs.rows }
    },
  )
  addRead(
    instance,
    serving,
    {
      ...oneMachine,
      url: '/machines/:id/explanations',
      operationId: 'explainMachine',
      summary: 'Why each process may or may not begin on the machine now',
      answer: Type.Array(Explanation),
    },
    async ({ path: { id }, wait }) => {
      const [names] = await Promise.all([view.processNames(wait()), fleet.machine(id, wait())])
      return inOrder(names, atATime, (name) => fleet.explain(id, name, wait()))
    },
  )
  addRead(
    instance,
    serving,
    {
      ...oneMachine,
      url: '/machines/:id/explanation',
      operationId: 'explain',
      summary: 'Why one process may or may not begin on the machine now',
      query: { process: ProcessName },
      answer: Explanation,
    },
    async ({ path: { id }, query, wait }) => {
      const [explanation] = await Promise.all([fleet.explain(id, query.process, wait()), fleet.machine(id, wait())])
      return explanation
    },
  )
}

function failureDomain(kind: string | undefined, domain: string | undefined) {
  if (kind === undefined && domain === undefined) return undefined
  if (kind === undefined || domain === undefined) throw badRequest('kind and domain are given together, or not at all.')
  return { kind, domain }
}

/** What is made of each, in their order, so many at a time. */
async function inOrder<Item, Result>(items: readonly Item[], many: number, make: (item: Item) => Promise<Result>) {
  const made: Result[] = []
  for (let from = 0; from < items.length; from += many)
    made.push(...(await Promise.all(items.slice(from, from + many).map(make))))
  return made
}
