import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Node } from './balancer.ts'

const composeFile = join(import.meta.dirname, 'compose.yaml')

/** The nodes of compose.yaml. */
export const nodes: readonly Node[] = [1, 2, 3].map((number) => ({
  name: `roach${number}`,
  port: 26256 + number,
  // Draining nodes say no before they refuse connections.
  ready: async (signal) => (await fetch(`http://127.0.0.1:${8080 + number}/health?ready=1`, { signal })).ok,
}))

/** Runs `docker …`; resolves with its exit code. What it prints is shown only where that is not 0 and somebody asks. */
export async function docker(
  args: readonly string[],
  options: { complain?: boolean; env?: object } = {},
): Promise<number> {
  const child = spawn('docker', args, {
    stdio: ['ignore', 'ignore', options.complain === true ? 'inherit' : 'ignore'],
    env: { ...process.env, ...options.env },
  })
  return new Promise((resolve) => {
    child.on('error', () => resolve(127))
    child.on('exit', (code) => resolve(code ?? 1))
  })
}

/** Runs `docker compose …` on the cluster. @throws where it fails */
export async function compose(args: readonly string[], env?: object): Promise<void> {
  const code = await docker(['compose', '-f', composeFile, ...args], { complain: true, env: env ?? {} })
  if (code !== 0) throw new Error(`docker compose ${args.join(' ')} ended with code ${code}`)
}

/** Starts and initialises the cluster, and waits until every node is ready. */
export async function startCluster(version: string, signal: AbortSignal): Promise<void> {
  await compose(['up', '-d'], { COCKROACH_VERSION: version })
  const endMs = performance.now() + 120_000
  for (;;) {
    // It fails while the node is not there yet, and once it was done: whether it worked is seen by the nodes' answers.
    await docker(['compose', '-f', composeFile, 'exec', '-T', 'roach1', ...cockroach('roach1', 'init')])
    if (await all()) return
    if (performance.now() > endMs) throw new Error('the cluster was not ready within 120 s')
    await sleep(1_000, undefined, { signal })
  }
}

async function all(): Promise<boolean> {
  const limit = AbortSignal.timeout(2_000)
  const ready = await Promise.all(nodes.map((node) => node.ready(limit).catch(() => false)))
  return ready.every(Boolean)
}

function cockroach(name: string, ...command: string[]): string[] {
  return ['/cockroach/cockroach', ...command, '--insecure', `--host=${name}:26357`]
}

/** What can be done to a node, and undone. */
export const faults = {
  kill: {
    begin: (name: string) => compose(['kill', name]),
    end: (name: string) => compose(['start', name]),
  },
  drain: {
    begin: async (name: string) => {
      await compose(['exec', '-T', name, ...cockroach(name, 'node', 'drain', '--self', '--drain-wait=20s')])
      await compose(['stop', name])
    },
    end: (name: string) => compose(['start', name]),
  },
  pause: {
    begin: (name: string) => compose(['pause', name]),
    end: (name: string) => compose(['unpause', name]),
  },
} as const

export type FaultKind = keyof typeof faults

/**
 * Does something to one node after the other, so that the others keep their quorum, until the signal aborts.
 * @param random - from 0 up to 1
 * @returns how often each was done
 */
export async function torment(
  random: () => number,
  tell: (line: string) => void,
  signal: AbortSignal,
): Promise<Record<FaultKind, number>> {
  const done = { kill: 0, drain: 0, pause: 0 }
  const kinds = Object.keys(faults) as FaultKind[]
  const wait = (fromMs: number, toMs: number) =>
    sleep(fromMs + random() * (toMs - fromMs), undefined, { signal }).catch(() => {})
  await wait(5_000, 10_000)
  while (!signal.aborted) {
    const { name } = nodes[Math.floor(random() * nodes.length)]!
    const kind = kinds[Math.floor(random() * kinds.length)]!
    tell(`${kind} ${name}`)
    await faults[kind].begin(name)
    await wait(2_000, 30_000)
    await faults[kind].end(name)
    done[kind] += 1
    // The next fault would take the quorum while this node is not back. (Not by the signal: it must be back in the end.)
    for (const endMs = performance.now() + 60_000; !(await all()); await sleep(500))
      if (performance.now() > endMs) throw new Error(`${name} did not come back within 60 s after ${kind}`)
    tell(`${name} is back`)
    await wait(3_000, 15_000)
  }
  return done
}
