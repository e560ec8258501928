import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { BMDB, type Connection, type PrismaClient } from '@bmdb/core'
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core'
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import { startProgram } from '../programs/program.ts'
import { migratedDatabase, root } from '../setup.ts'

/** The system's browser; undefined where there is none. */
const executablePath = [process.env['BMDB_TEST_CHROMIUM'], '/usr/bin/chromium', '/usr/bin/google-chrome'].find(
  (path) => path !== undefined && existsSync(path),
)

/** Why tests of the console in a browser cannot run here; undefined if they can. */
export const cannotRun =
  executablePath === undefined
    ? 'there is no Chromium: install the system’s, or name it in BMDB_TEST_CHROMIUM'
    : existsSync(join(root, 'apps/console/dist/web/index.html'))
      ? undefined
      : 'the console was not built: npm run build'
if (cannotRun !== undefined) console.warn(`the console is not tested in a browser: ${cannotRun}`)

/** A console over a database of one test's own. */
export interface Stage {
  readonly url: string
  readonly databaseUrl: string
  readonly connection: Connection<PrismaClient>
  readonly sql: (text: string, values?: unknown[]) => Promise<Record<string, unknown>[]>
  /** A page of a new browser; what it could not do under its policy, or threw, is in `complaints`. */
  readonly open: (path: string, options?: BrowserContextOptions) => Promise<OpenedPage>
}

export interface OpenedPage {
  readonly page: Page
  readonly complaints: readonly string[]
}

/** For the tests of one file: starts the browser once. */
export function stages(): (flags?: readonly string[]) => Promise<Stage> {
  let browser: Browser | undefined
  beforeAll(async () => {
    if (cannotRun === undefined)
      browser = await chromium.launch({ executablePath: executablePath!, args: ['--no-sandbox'] })
  })
  afterAll(() => browser?.close())
  return async (flags = ['--role', 'operator', '--operator', 'ann']) => {
    const { url: databaseUrl, client } = await migratedDatabase()
    const connection = await new BMDB({ databaseUrl, componentName: 'stage' }).open()
    onTestFinished(() => connection.close())
    const program = startProgram('console', ['--listen', '127.0.0.1:0', ...flags], {
      env: { BMDB_DATABASE_URL: databaseUrl },
    })
    await program.printed(/serving the console/)
    let last: Promise<unknown> = Promise.resolve()
    const url = String(program.messages('listening')[0]!['url'])
    return {
      url,
      databaseUrl,
      connection,
      async sql(text, values) {
        const answer = last.then(() => client.query<Record<string, unknown>>(text, values))
        last = answer.catch(() => {})
        return (await answer).rows
      },
      open: (path, options) => openPage(browser!, url, path, options),
    }
  }
}

/** Goes to another page of the console as its links do, without loading it anew. */
export async function goTo(page: Page, path: string): Promise<void> {
  await page.evaluate((to) => (globalThis as unknown as Pages).history.pushState(null, '', to), path)
}

interface Pages {
  readonly history: { pushState(state: null, unused: string, path: string): void }
}

async function openPage(
  browser: Browser,
  url: string,
  path: string,
  options: BrowserContextOptions = {},
): Promise<OpenedPage> {
  const context = await browser.newContext({ baseURL: url, reducedMotion: 'reduce', ...options })
  onTestFinished(() => context.close())
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    // What is not there any more is answered as such.
    if (message.type() === 'error' && !/status of 404/.test(message.text())) complaints.push(message.text())
  })
  await page.goto(path)
  return { page, complaints }
}
