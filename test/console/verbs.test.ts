import { randomUUID } from 'node:crypto'
import { verbs, type VerbName } from '@bmdb/api/contract'
import { run, type Io } from '@bmdb/cli'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { cannotRun, goTo, stages, type Stage } from './stage.ts'

/** What an act is done to; each way of doing it has its own. */
interface Target {
  readonly machineId: string
  readonly process: string
  readonly sessionId: string
}

/** One verb, by all ways. */
interface Case {
  /** Brings the target into the state in which there is something to change. Default: it is registered. */
  readonly before?: (stage: Stage, target: Target) => Promise<unknown>
  /** What is sent to the API besides the reason. */
  readonly body: (target: Target) => object
  /** What is typed behind `bmdb`, besides the reason. */
  readonly typed: (target: Target) => string[]
  /** In the console: where it is done, the button that opens the dialog, and what is filled in besides the reason. */
  readonly path: (target: Target) => string
  readonly button: string | RegExp
  readonly fields?: (target: Target) => Record<string, string>
}

const because = { reason: 'before the test' }
const ofMachine = ({ machineId }: Target): object => ({ machineId })
const ofBoth = ({ machineId, process }: Target): object => ({ machineId, process })
const machinePage = ({ machineId }: Target): string => `/machines/${machineId}`
const held = (_stage: Stage, { machineId, process, sessionId }: Target): Promise<unknown> =>
  started.get(sessionId)!.startWork(process, [machineId])

type Session = Awaited<ReturnType<Stage['connection']['startSession']>>
const started = new Map<string, Session>()

const cases: Record<VerbName, Case> = {
  addMachine: {
    before: ({ connection }, { machineId }) => connection.operator('stage').deleteMachine(machineId, because),
    body: ({ machineId }) => ({ id: machineId }),
    typed: ({ machineId }) => ['machine', 'add', machineId],
    path: () => '/machines',
    button: 'Add machine',
    fields: ({ machineId }) => ({ Id: machineId }),
  },
  lockOut: {
    body: ({ machineId }) => ({ machineId, seconds: 3_600 }),
    typed: ({ machineId }) => ['machine', 'lock-out', machineId, '--seconds', '3600'],
    path: machinePage,
    button: 'Lock out',
    fields: () => ({ 'For how long': '1 h' }),
  },
  endLockOut: {
    before: ({ connection }, { machineId }) => connection.operator('stage').lockOut(machineId, because),
    body: ofMachine,
    typed: ({ machineId }) => ['machine', 'end-lock-out', machineId],
    path: machinePage,
    button: 'End lock-out',
  },
  retire: {
    body: ofMachine,
    typed: ({ machineId }) => ['machine', 'retire', machineId],
    path: machinePage,
    button: 'Retire',
  },
  returnToService: {
    before: ({ connection }, { machineId }) => connection.operator('stage').retire(machineId, because),
    body: ofMachine,
    typed: ({ machineId }) => ['machine', 'return', machineId],
    path: machinePage,
    button: 'Return to service',
  },
  deleteMachine: {
    body: ofMachine,
    typed: ({ machineId }) => ['machine', 'delete', machineId],
    path: machinePage,
    button: 'Delete',
  },
  setFailureDomain: {
    body: ({ machineId }) => ({ machineId, kind: 'rack', domain: 'r12' }),
    typed: ({ machineId }) => ['machine', 'domain', machineId, 'rack', 'r12'],
    path: machinePage,
    button: 'Failure domain',
    fields: () => ({ Kind: 'rack', Domain: 'r12' }),
  },
  pause: {
    before: ({ connection }, { process }) => connection.declareProcess({ process }),
    body: ({ process }) => ({ process }),
    typed: ({ process }) => ['process', 'pause', process],
    path: ({ process }) => `/processes/${process}`,
    button: /^Pause/,
  },
  resume: {
    before: ({ connection }, { process }) => connection.operator('stage').pause(process, because),
    body: ({ process }) => ({ process }),
    typed: ({ process }) => ['process', 'resume', process],
    path: ({ process }) => `/processes/${process}`,
    button: /^Resume/,
  },
  park: {
    body: ofBoth,
    typed: ({ machineId, process }) => ['backoff', 'park', machineId, process],
    path: machinePage,
    button: 'Park',
    fields: ({ process }) => ({ Process: process }),
  },
  unpark: {
    before: ({ connection }, { machineId, process }) => connection.operator('stage').park(machineId, process, because),
    body: ofBoth,
    typed: ({ machineId, process }) => ['backoff', 'unpark', machineId, process],
    path: ({ process }) => `/backoffs?tab=parked&process=${process}`,
    button: /^Unpark .*on/,
  },
  setBackoff: {
    body: (target) => ({ ...ofBoth(target), seconds: 600 }),
    typed: ({ machineId, process }) => ['backoff', 'set', machineId, process, '--seconds', '600'],
    path: machinePage,
    button: 'Set backoff',
    fields: ({ process }) => ({ Process: process, 'For how long': '10 min' }),
  },
  clearBackoff: {
    before: ({ connection }, { machineId, process }) =>
      connection.operator('stage').setBackoff(machineId, process, 600, because),
    body: ofBoth,
    typed: ({ machineId, process }) => ['backoff', 'clear', machineId, process],
    path: ({ process }) => `/backoffs?process=${process}`,
    button: /^Clear backoff .*on/,
  },
  release: {
    before: held,
    body: (target) => ({ ...ofBoth(target), graceSeconds: 0 }),
    typed: ({ machineId, process }) => ['work', 'release', machineId, process, '--force'],
    path: ({ process }) => `/work?process=${process}`,
    button: /^Release .*on/,
    fields: () => ({ Grace: '0 s' }),
  },
  endSession: {
    before: held,
    body: ({ sessionId }) => ({ sessionId }),
    typed: ({ sessionId }) => ['session', 'end', sessionId],
    path: ({ sessionId }) => `/sessions/${sessionId}`,
    button: /^End session/,
  },
}

const reason = 'because of the test'
const ways = ['console', 'api', 'bmdb'] as const
const stage = stages()

test.skipIf(cannotRun !== undefined)(
  'each verb does the same from the console, the API and the command line, and leaves the same history row',
  { timeout: 120_000 },
  async () => {
    const made = await stage()
    const { page, complaints } = await made.open('/')
    const csrf = await csrfToken(made.url)
    const left: Record<string, unknown> = {}
    for (const [name, one] of Object.entries(cases) as [VerbName, Case][]) {
      const targets = await Promise.all(ways.map((way) => newTarget(made, name, way)))
      for (const target of targets) await one.before?.(made, target)
      const [console_, api, bmdb] = targets as [Target, Target, Target]
      await Promise.all([
        inConsole(page, one, console_),
        post(made.url, csrf, name, { ...one.body(api), reason }),
        command(made.databaseUrl, [...one.typed(bmdb), '--operator', 'ann', '--reason', reason]),
      ])
      left[name] = await Promise.all(targets.map((target) => rowsOf(made, target)))
    }
    for (const [name, rows] of Object.entries(left)) {
      const [first, ...others] = rows as unknown[][]
      expect(first, name).not.toEqual([])
      for (const other of others) expect(other, name).toEqual(first)
    }
    expect(complaints).toEqual([])
  },
)

async function newTarget({ connection }: Stage, verb: VerbName, way: string): Promise<Target> {
  const session = await connection.startSession({ intervalSeconds: 600 })
  started.set(session.id, session)
  const machineId = randomUUID()
  await connection.operator('stage').addMachine({ id: machineId, reason: 'for the test' })
  return { machineId, process: `${verb}-${way}`, sessionId: session.id }
}

/** What the act left in the histories, without what differs from one target to the next. */
async function rowsOf({ sql }: Stage, { machineId, process, sessionId }: Target): Promise<unknown[]> {
  const ofOperator = await sql(
    `SELECT operator, action, reason, machine_id, process, session_id FROM operator_history
     WHERE operator = 'ann' AND (machine_id = $1 OR process = $2 OR session_id = $3) ORDER BY "timestamp"`,
    [machineId, process, sessionId],
  )
  const ofWork = await sql(
    `SELECT event, failed_cause, machine_id, process, session_id FROM work_history
     WHERE machine_id = $1 AND event <> 'Started' ORDER BY "timestamp"`,
    [machineId],
  )
  const named = JSON.stringify([...ofOperator, ...ofWork])
    .replaceAll(machineId, 'the machine')
    .replaceAll(process, 'the process')
    .replaceAll(sessionId, 'the session')
  return JSON.parse(named) as unknown[]
}

async function inConsole(page: Page, { path, button, fields }: Case, target: Target): Promise<void> {
  await goTo(page, path(target))
  await page.getByRole('main').getByRole('button', { name: button, exact: true }).first().click()
  const dialog = page.getByRole('dialog')
  for (const [label, value] of Object.entries(fields?.(target) ?? {}))
    await dialog.getByLabel(label).first().fill(value)
  await dialog.getByLabel('Reason').fill(reason)
  await dialog.locator('button[type=submit]').click()
  await dialog.waitFor({ state: 'detached' })
}

async function csrfToken(url: string): Promise<string> {
  const me = (await (await fetch(`${url}/api/v1/me`)).json()) as { csrfToken: string }
  return me.csrfToken
}

async function post(url: string, csrf: string, name: VerbName, body: object): Promise<void> {
  const { noun, verb } = verbs[name]
  const answer = await fetch(`${url}/api/v1/${noun}/${verb}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-bmdb-csrf': csrf },
    body: JSON.stringify(body),
  })
  expect([answer.status, await answer.json()], name).toMatchObject([200, { done: true }])
}

/** Runs the command line in this program, through the same entry as its `main.ts`. */
async function command(databaseUrl: string, typed: readonly string[]): Promise<void> {
  let said = ''
  const io: Io = {
    stdout: { isTTY: false, columns: 120, write: (_text, done) => done?.() },
    stderr: { isTTY: false, columns: 120, write: (text) => void (said += text) },
    env: { BMDB_DATABASE_URL: databaseUrl },
    userName: undefined,
    cwd: () => import.meta.dirname,
    on: () => {},
    off: () => {},
    exit: () => {},
    kill: () => {},
  }
  const code = await run(typed, io)
  // On a busy machine it may say that it had to wait for the database.
  const complaints = said.replace(/^the database at \S+ cannot be reached yet, trying for 30 s\n/, '')
  expect([code, complaints], typed.join(' ')).toEqual([0, ''])
}
