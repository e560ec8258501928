import type { Connection, PrismaClient } from '@bmdb/core'
import { counted } from './counted.ts'

/** What the view is about. */
const process = 'HardwareInventory'

/** What a machine of the rack is doing about its inventory. */
export interface MachineState {
  readonly id: string
  readonly bmc: string
  readonly state: 'waiting' | 'being inventoried' | 'inventoried' | 'in backoff'
  /** The hardware in a few words, who works on it, or why it is in backoff. */
  readonly details: string
  /** It has a report, be it that another is being made. */
  readonly inventoried: boolean
}

/** A session, with what it holds. */
export interface SessionState {
  readonly id: string
  readonly componentName: string
  readonly runtimeInfo: string
  /** Negative once it has expired. */
  readonly remainingSeconds: number
  readonly held: number
}

/** What the view shows, read in one transaction. */
export interface Snapshot {
  readonly machines: readonly MachineState[]
  readonly sessions: readonly SessionState[]
  readonly work: number
}

/** Reads machines, sessions and work as they are now. */
export async function readSnapshot(connection: Connection<PrismaClient>, ids: readonly string[]): Promise<Snapshot> {
  const { prisma } = connection
  const [machines, sessions, work] = await prisma.$transaction([
    prisma.machine.findMany({
      where: { id: { in: [...ids] } },
      include: {
        bmc: true,
        hardwareReport: true,
        heldWork: { where: { process } },
        activeBackoffs: { where: { process } },
      },
    }),
    prisma.$queryRaw<SessionRow[]>`
      SELECT s.session_id AS id, s.session_component_name AS "componentName", s.session_runtime_info AS "runtimeInfo",
             extract(epoch FROM s.session_deadline - clock_timestamp())::float8 AS "remainingSeconds",
             (SELECT count(*) FROM work AS w WHERE w.session_id = s.session_id)::int4 AS held
      FROM session_status AS s ORDER BY s.session_component_name, s.session_created_at`,
    prisma.work.count(),
  ])
  const byId = new Map(machines.map((machine) => [machine.id, machine]))
  return {
    work,
    sessions,
    machines: ids.flatMap((id): MachineState[] => {
      const machine = byId.get(id)
      if (machine === undefined) return []
      const common = { id, bmc: machine.bmc?.address ?? '', inventoried: machine.hardwareReport !== null }
      const [held] = machine.heldWork
      const [backoff] = machine.activeBackoffs
      if (held !== undefined)
        return [
          {
            ...common,
            state: 'being inventoried',
            details: `token ${held.token}, session ${held.sessionId.slice(0, 8)}`,
          },
        ]
      if (backoff !== undefined) return [{ ...common, state: 'in backoff', details: backoff.cause }]
      if (machine.hardwareReport !== null)
        return [{ ...common, state: 'inventoried', details: inAFewWords(machine.hardwareReport.report) }]
      return [{ ...common, state: 'waiting', details: '' }]
    }),
  }
}

interface SessionRow {
  id: string
  componentName: string
  runtimeInfo: string
  remainingSeconds: number
  held: number
}

/** The hardware report's gist. */
export function inAFewWords(report: unknown): string {
  const { manufacturer, model, processors, memory, drives } = report as {
    manufacturer: string | null
    model: string | null
    processors: readonly unknown[]
    memory: { totalGiB: number | null }
    drives: readonly unknown[]
  }
  return [
    [manufacturer, model].filter((part) => part !== null).join(' '),
    counted(processors.length, 'processor'),
    `${memory.totalGiB ?? '?'} GiB`,
    counted(drives.length, 'drive'),
  ].join(', ')
}
