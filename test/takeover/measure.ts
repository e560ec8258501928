import { setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Child } from './child.ts'
import type { Settings } from './config.ts'
import { Observer, type Takeover } from './observer.ts'
import type { ClaimantOrders, ClaimantReport, HolderOrders, HolderReport } from './programs.ts'

/**
 * Kills holders, as many as are asked for, several at a time, each at a moment of its own between two beats.
 * @param onTakeover - told of each takeover when it is over
 * @throws Error where a machine was not taken over, or a program ended by itself; the signal's reason
 */
export async function measure(
  settings: Settings,
  databaseUrl: string,
  signal: AbortSignal,
  onTakeover: (takeover: Takeover) => void,
): Promise<readonly Takeover[]> {
  const failed = new AbortController()
  const over = AbortSignal.any([signal, failed.signal])
  // Every slot listens to it, and there may be many.
  setMaxListeners(0, over)
  await using observer = new Observer(databaseUrl)
  const orders: ClaimantOrders = { databaseUrl, pollMs: settings.pollMs }
  const { child: claimant } = await Child.start<ClaimantReport>('claimant-program.ts', orders, over)
  void claimant.ended.then((how) => failed.abort(new Error(`the claimant ended with ${how}`)))
  const takeovers: Takeover[] = []
  let begun = 0
  const slot = async (): Promise<void> => {
    while (begun < settings.times) {
      begun += 1
      const takeover = await killOne(settings, databaseUrl, observer, over)
      takeovers.push(takeover)
      onTakeover(takeover)
    }
  }
  try {
    const slots = Array.from({ length: settings.parallel }, () => slot())
    // One that fails ends the others, which are waited for: nothing is left running.
    for (const one of slots) one.catch((error: unknown) => failed.abort(error))
    await Promise.allSettled(slots)
    over.throwIfAborted()
    return takeovers
  } finally {
    await claimant.kill()
  }
}

async function killOne(
  { intervalSeconds }: Settings,
  databaseUrl: string,
  observer: Observer,
  signal: AbortSignal,
): Promise<Takeover> {
  const machineId = await observer.addMachine()
  const orders: HolderOrders = { databaseUrl, machineId, intervalSeconds }
  const { child, told } = await Child.start<HolderReport>('holder-program.ts', orders, signal)
  try {
    // At any moment of the time between two beats, after the first one.
    await sleep((intervalSeconds * 1_000 * (1 + Math.random())) / 3, undefined, { signal })
    const killedMs = await observer.now()
    await child.kill()
    if ((await child.ended) !== 'signal SIGKILL') throw new Error(`a holder ended with ${await child.ended}, by itself`)
    return await observer.takeover(machineId, told.sessionId, killedMs, signal)
  } finally {
    await child.kill()
  }
}
