import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Benchmark, Context, Row } from '../benchmark.ts'
import { settle } from '../bmdb.ts'
import { fillLargeFleet, type LargeFleet } from '../large-fleet.ts'
import { median, msText, quantile } from '../measure.ts'
import { buildOf, workspace } from '../workspace.ts'

/** What each page of the console asks the API for when it is opened, as the browser does: all of it at once. */
const pages: Readonly<Record<string, (fleet: LargeFleet) => readonly string[]>> = {
  Fleet: () => ['overview', 'throughput?hours=24'],
  Machines: () => ['machines', 'machine-filters'],
  'Machines, by a part of an address': () => ['machines?search=10.1.77.', 'machine-filters'],
  'Machines, by a part of no address': () => ['machines?search=nowhere', 'machine-filters'],
  'Machines of a rack': () => ['machines?kind=rack&domain=r7', 'machine-filters'],
  'Machines that are held': () => ['machines?process=Bench&state=held', 'machine-filters'],
  'a machine': ({ machineId }) => [
    `machines/${machineId}`,
    `machines/${machineId}/explanations`,
    `history?machineId=${machineId}`,
    'overview',
  ],
  Sessions: () => ['sessions?alive=true'],
  'Sessions that expired': () => ['sessions?alive=false'],
  'Sessions that ended': () => ['ended-sessions'],
  'a session': ({ sessionId }) => [`sessions/${sessionId}`, `history?sessionId=${sessionId}`],
  Work: () => ['work', 'machine-filters'],
  'Work that is stuck': () => ['work?stuck=true', 'machine-filters'],
  Backoffs: () => ['backoffs?parked=false&order=until', 'machine-filters'],
  Parked: () => ['backoffs?parked=true&order=parked', 'machine-filters'],
  'a process': () => ['overview', 'throughput?hours=24&process=Bench'],
  History: () => ['history', 'machine-filters'],
  'History of failures': () => ['history?event=Failed', 'machine-filters'],
  'History, by a word that is nowhere': () => ['history?search=nowhere', 'machine-filters'],
}

const viewers = 2

/** How long the console's pages take on a large fleet. */
export const consolePages: Benchmark = {
  name: 'console',
  about: 'how long the pages of the console take, with 100,000 machines, 1,000,000 rows of history and 10,000 sessions',
  reading: `The console runs as a program of its own, and another program keeps 1,000 of the 10,000 sessions alive. Two viewers open page
after page, each time the page itself and then, at once, everything that it asks the API for, over loopback, and a stream of events stays
open. What is shown is the time until all of it is there, without what the browser does. Counts of whole tables are made in the
background and shown with their age; what is measured is a page with a count that is some seconds old, as an operator gets it.`,
  async run(context) {
    const { signal, tell, migrated, quick } = context
    await buildOf('console', signal)
    const url = await migrated()
    tell('filling the tables')
    const fleet = await fillLargeFleet(url, quick ? 0.01 : 1)
    await settle(url)
    const beating = start([join(import.meta.dirname, '../programs/beating.mjs'), url])
    const program = start([
      join(workspace, 'apps/console/dist/main.js'),
      '--listen',
      '127.0.0.1:0',
      '--database-url',
      url,
    ])
    try {
      await said(beating, /beating/)
      const [, at] = await said(program, /"serving the console[^\n]*"url":"([^"]+)"/)
      const rows = await measure(context, at!, fleet)
      beating.process.stdin.end()
      const [, lost] = await said(beating, /(\d+) lost/)
      tell(`${lost} of 1,000 sessions were lost meanwhile`)
      return [...rows, lostRow(Number(lost))]
    } finally {
      for (const child of [beating, program]) child.process.kill('SIGKILL')
    }
  },
}

function lostRow(lost: number): Row {
  return {
    what: 'sessions that were lost meanwhile, of 1,000',
    against: 'none',
    figure: String(lost),
    other: '0',
    value: lost,
    target: { most: 0 },
  }
}

async function measure({ signal, quick, tell }: Context, url: string, fleet: LargeFleet): Promise<Row[]> {
  const events = new AbortController()
  const stream = fetch(`${url}/api/v1/events`, { signal: events.signal }).then(async (answer) => {
    for await (const _ of answer.body!);
  })
  stream.catch(() => {})
  const times = new Map<string, number[]>(Object.keys(pages).map((name) => [name, []]))
  const rounds = quick ? 5 : 60
  const view = async (): Promise<void> => {
    for (let round = 0; round <= rounds; round++)
      for (const [name, requests] of Object.entries(pages)) {
        signal.throwIfAborted()
        const startMs = performance.now()
        await get(`${url}/`)
        await Promise.all(requests(fleet).map((path) => get(`${url}/api/v1/${path}`)))
        // The first round fills caches, and is not counted.
        if (round > 0) times.get(name)!.push(performance.now() - startMs)
      }
  }
  await Promise.all(Array.from({ length: viewers }, view))
  events.abort()
  return [...times].map(([name, ms]) => {
    const high = quantile(ms, 0.95)
    tell(`${name}: ${msText(high)}`)
    return {
      what: `page ${name}`,
      against: 'a limit',
      figure: `${msText(high)} at the 95th percentile`,
      other: '100 ms',
      value: high,
      target: { most: 100 },
      note: `median ${msText(median(ms))}, at most ${msText(Math.max(...ms))}`,
    }
  })
}

async function get(url: string): Promise<void> {
  const answer = await fetch(url)
  const body = await answer.text()
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${body.slice(0, 500)}`)
}

/** A program, with what it has written so far. */
interface Child {
  readonly process: ChildProcessByStdio<Writable, Readable, null>
  text: string
}

function start(args: readonly string[]): Child {
  const process_ = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const child: Child = { process: process_, text: '' }
  process_.stdout.setEncoding('utf8').on('data', (text: string) => (child.text += text))
  return child
}

/** Waits until the program has written that. */
async function said(child: Child, pattern: RegExp): Promise<RegExpExecArray> {
  for (let waitedMs = 0; waitedMs < 120_000; waitedMs += 50) {
    const found = pattern.exec(child.text)
    if (found !== null) return found
    if (child.process.exitCode !== null) break
    await sleep(50)
  }
  throw new Error(`a program did not write ${pattern}:\n${child.text}`)
}
