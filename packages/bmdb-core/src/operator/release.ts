import { invalid, wholeNumber } from '../arguments.ts'
import { monotonicMs, sleep } from '../clock.ts'
import { readOwn } from '../database/own-statements.ts'
import { TransactionTimeoutError } from '../errors.ts'
import { Limit } from '../limit.ts'
import { endSessions } from '../session/end-sessions.ts'
import { act, changes, findWork, releaseByForce, sessionThere } from '../sql/operators.ts'
import { wakeUp } from '../sql/wake-up.ts'
import { assertMachine, newAct, once, perform, type Acting, type ActOptions } from './acting.ts'

/** Options of `operator.release`. */
export interface ReleaseOptions extends ActOptions {
  /** How long the holder has to let go before the work is taken away: whole seconds, 0 to 3600. Default 10. */
  readonly graceSeconds?: number | undefined
  /** Only if it is still held under this token: what was looked at may have changed hands since. Default: whatever is held. */
  readonly token?: bigint | string | undefined
  /** Default: the grace and 30 s more. */
  readonly timeoutMs?: number | undefined
}

/** What became of a release. */
export interface ReleaseResult {
  /**
   * - `not held`: nobody held it, or not under that token, and nothing was written;
   * - `released`: the holder let go, or had already;
   * - `forced`: it was taken away.
   */
  readonly outcome: 'not held' | 'released' | 'forced'
  /** Whose work it was, and under which token. */
  readonly holder?: { readonly component: string; readonly session: string; readonly token: bigint } | undefined
}

/** How often it is looked at whether the holder let go. */
const lookEveryMs = 100

/**
 * Ends somebody's work:
 *
 *     held ──asked──▶ the holder ends it ──▶ released
 *       │               └── not within the grace ──▶ taken away: forced
 *       └── its session is dead ──▶ forced
 */
export async function releaseWork(
  acting: Acting,
  machineId: string,
  process: string,
  options: ReleaseOptions,
): Promise<ReleaseResult> {
  const graceMs = wholeNumber('graceSeconds', options?.graceSeconds ?? 10, 0, 3_600) * 1_000
  const token = options?.token === undefined ? undefined : tokenText(options.token)
  const asking = newAct(acting, { action: 'release', machineId, process }, options)
  const { signal } = options
  using limit = new Limit(options, graceMs + 30_000, (ms) => new TransactionTimeoutError(`release of ${process}`, ms))
  const find = (): Promise<FoundWork | undefined> => findHeld(acting, machineId, process, limit)
  const remaining = (): { signal: AbortSignal | undefined; timeoutMs: number } => ({
    signal,
    timeoutMs: Math.max(1, limit.remainingMs()),
  })
  const first = await find()
  if (first === undefined || (token !== undefined && first.token !== token)) {
    await assertMachine(acting.database, machineId, remaining())
    return { outcome: 'not held' }
  }
  const holder = { component: first.component_name, session: first.session_id, token: BigInt(first.token) }
  if (!first.alive) return await endDead(acting, machineId, process, holder, options, limit)
  const endMs = monotonicMs() + graceMs
  const request = act('release', asking, changes.requestRelease, [first.token])
  const asked = await perform(acting, asking, request, false, remaining())
  if (!asked) return { outcome: 'released', holder }
  for (;;) {
    if ((await find())?.token !== first.token) return { outcome: 'released', holder }
    const leftMs = endMs - monotonicMs()
    if (leftMs <= 0) break
    await sleep(Math.min(lookEveryMs, leftMs), limit.signal)
  }
  const taking = newAct(acting, { action: 'release by force', machineId, process }, options)
  const taken = await perform(acting, taking, releaseByForce(taking, first.token), false, remaining())
  return { outcome: taken ? 'forced' : 'released', holder }
}

function tokenText(token: unknown): string {
  const text = typeof token === 'bigint' ? String(token) : token
  if (typeof text !== 'string' || !/^[1-9][0-9]{0,18}$/.test(text))
    invalid('token', token, 'a token, such as 7n or "7"')
  return text
}

/** Its session expired: it is ended with all that it holds, even where its program is frozen inside a transaction. */
async function endDead(
  acting: Acting,
  machineId: string,
  process: string,
  holder: NonNullable<ReleaseResult['holder']>,
  options: ReleaseOptions,
  limit: Limit,
): Promise<ReleaseResult> {
  const { database, operator } = acting
  const what = newAct(acting, { action: 'release by force', machineId, process, sessionId: holder.session }, options)
  const before = [...wakeUp(database.dialect), act('release_dead', what, sessionThere)]
  const left = { signal: limit.signal, timeoutMs: Math.max(1, limit.remainingMs()) }
  const ended = await once(database, what, left, async (connection) => {
    const reason = `its session expired; released by ${operator}: ${what.reason}`
    return (await endSessions(database, connection, 'expired', [holder.session], reason, { before })).sessions > 0
  })
  return { outcome: ended ? 'forced' : 'released', holder }
}

interface FoundWork {
  readonly session_id: string
  readonly component_name: string
  readonly token: string
  readonly alive: boolean
}

async function findHeld(
  acting: Acting,
  machineId: string,
  process: string,
  limit: Limit,
): Promise<FoundWork | undefined> {
  const { rows } = await readOwn(acting.database, limit, 'looking for work', (connection) =>
    connection.query<FoundWork & { [column: string]: unknown }>(findWork(machineId, process)),
  )
  return rows[0]
}
