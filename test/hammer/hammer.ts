import { fork, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { BMDB } from '@bmdb/core'
import { judge, type Held } from './holds.ts'
import type { Orders, Told } from './orders.ts'
import { ways } from './ways.ts'

/** What is hammered. */
export interface HammerSetting {
  readonly databaseUrl: string
  readonly programs: number
  readonly seconds: number
  readonly machines: number
  readonly signal: AbortSignal
  /** Whether the programs take what was built, which starts faster, in place of the sources. */
  readonly built?: boolean | undefined
}

/** What came of it. */
export interface Hammered {
  readonly violations: readonly string[]
  /** Pieces of work held, by process and by way of claiming. */
  readonly held: Readonly<Record<string, number>>
  readonly byWay: Readonly<Record<string, number>>
  readonly timeouts: number
}

/** Two processes in conflict, and one of which two may be held in a rack of five. */
const processes = ['Flash', 'Inspect', 'Reboot']
const rackSize = 5
const mostInRack = 2

/** Lets programs claim by every way there is, and judges what they held. */
export async function hammer(setting: HammerSetting): Promise<Hammered> {
  const { databaseUrl, programs, seconds } = setting
  const connection = await new BMDB({ databaseUrl, componentName: 'hammer' }).open({ migrate: true })
  try {
    const reason = 'to be hammered'
    const operator = connection.operator('hammer')
    const racks = new Map<string, string>()
    for (let index = 0; index < setting.machines; index++) {
      const machine = await operator.addMachine({ reason })
      const rack = `rack ${Math.floor(index / rackSize)}`
      racks.set(machine, rack)
      await operator.setFailureDomain(machine, 'rack', rack, { reason })
    }
    await connection.declareProcess({ process: 'Flash', conflictsWith: ['Inspect'] })
    await connection.declareProcess({ process: 'Reboot', failureDomains: { rack: mostInRack } })
    const machines = [...racks.keys()]
    const told = await Promise.all(
      Array.from({ length: programs }, (_, index) => {
        const holder = `program ${index + 1}`
        return run({ databaseUrl, holder, machines, processes, seconds, loops: 3 }, setting).then((one) => ({
          holder,
          ...one,
        }))
      }),
    )
    const holds = told.flatMap(({ holder, holds }) => holds.map((one) => heldBy(holder, one)))
    const { findings } = await connection.fleet.audit()
    return {
      violations: [
        ...judge(holds, {
          conflicts: [['Flash', 'Inspect']],
          limits: { Reboot: mostInRack },
          rackOf: (machine) => racks.get(machine)!,
        }),
        ...findings.map(
          ({ problem, process, machineId, token }) => `${problem}: ${process} on ${machineId}, token ${token}`,
        ),
      ],
      held: counts(holds, (held) => held.process, processes),
      byWay: counts(holds, (held) => held.way, Object.keys(ways)),
      timeouts: told.reduce((sum, one) => sum + one.timeouts, 0),
    }
  } finally {
    await connection.close()
  }
}

async function run(orders: Orders, { signal, built }: HammerSetting): Promise<Told> {
  signal.throwIfAborted()
  const child: ChildProcess = fork(join(import.meta.dirname, 'hammering-program.ts'), {
    execArgv: ['--import', 'tsx', ...(built === true ? [] : ['--conditions=@bmdb/source'])],
  })
  const kill = (): void => void child.kill('SIGKILL')
  signal.addEventListener('abort', kill, { once: true })
  try {
    return await new Promise<Told>((resolve, reject) => {
      child.on('message', (message: Told | { ready: true }) => {
        if ('ready' in message) child.send(orders)
        else resolve(message)
      })
      child.once('error', reject)
      child.once('exit', (code, how) =>
        reject(new Error(`${orders.holder} ended with ${how ?? code} and told nothing`)),
      )
    })
  } finally {
    signal.removeEventListener('abort', kill)
    kill()
  }
}

function heldBy(holder: string, [machine, process, token, way, from, to]: Told['holds'][number]): Held {
  return { machine, process, token, way, holder, fromNs: BigInt(from), toNs: BigInt(to) }
}

function counts(
  holds: readonly Held[],
  keyOf: (held: Held) => string,
  keys: readonly string[],
): Record<string, number> {
  return Object.fromEntries(keys.map((key) => [key, holds.filter((held) => keyOf(held) === key).length]))
}
