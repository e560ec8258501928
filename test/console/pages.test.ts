import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { source as axe } from 'axe-core'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { root } from '../setup.ts'
import { fillFleet, type Filled } from './filled-fleet.ts'
import { cannotRun, goTo, stages } from './stage.ts'

/** Where `npm run screenshots` wants them. */
const folder = process.env['BMDB_SCREENSHOTS']

const pages: Readonly<Record<string, (fleet: Filled) => string>> = {
  fleet: () => '/',
  machines: () => '/machines',
  'machine-held': ({ held }) => `/machines/${held}`,
  'machine-parked': ({ parked }) => `/machines/${parked}`,
  sessions: () => '/sessions',
  'sessions-expired': () => '/sessions?tab=expired',
  'sessions-ended': () => '/sessions?tab=ended',
  session: ({ session }) => `/sessions/${session}`,
  work: () => '/work',
  backoffs: () => '/backoffs',
  parked: () => '/backoffs?tab=parked',
  process: () => '/processes/HardwareInventory',
  history: () => '/history',
  'not-found': () => '/nothing-here',
}

const stage = stages()

test.skipIf(cannotRun !== undefined)(
  'every page is accessible, in light and dark, and fits narrow and wide windows',
  { timeout: 180_000 },
  async () => {
    const made = await stage()
    const fleet = await fillFleet(made)
    const wrong: string[] = []
    const looks = (['light', 'dark'] as const).map(async (colorScheme) => {
      const { page, complaints } = await made.open('/', { colorScheme, viewport: { width: 1_440, height: 900 } })
      for (const [name, path] of Object.entries(pages)) {
        await goTo(page, path(fleet))
        await settled(page)
        for (const violation of await violations(page, colorScheme)) wrong.push(`${name}, ${colorScheme}: ${violation}`)
        await shoot(page, `${name}-${colorScheme}-wide`)
        await page.setViewportSize({ width: 390, height: 844 })
        // Charts follow a moment later.
        await expect
          .poll(() => tooWide(page), { message: `${name} in a narrow window`, timeout: 5_000 })
          .toBeLessThanOrEqual(0)
        await shoot(page, `${name}-${colorScheme}-narrow`)
        await page.setViewportSize({ width: 1_440, height: 900 })
      }
      wrong.push(...complaints)
    })
    await Promise.all(looks)
    expect(wrong).toEqual([])
  },
)

/** Waits until everything that the page asks for is there. */
async function settled(page: Page): Promise<void> {
  await page.getByRole('heading', { level: 1 }).waitFor()
  await expect.poll(() => page.locator('[aria-busy=true], .mantine-Skeleton-root').count(), { timeout: 15_000 }).toBe(0)
}

/** By how many pixels the page is wider than its window. */
function tooWide(page: Page): Promise<number> {
  return page.evaluate<number>('document.documentElement.scrollWidth - window.innerWidth')
}

/** What axe finds that is serious or critical. */
async function violations(page: Page, colorScheme: 'light' | 'dark'): Promise<string[]> {
  if (!(await page.evaluate<boolean>('"axe" in window'))) await page.evaluate(axe)
  // In the other scheme only the colours differ.
  const rules = colorScheme === 'light' ? '{}' : '{ runOnly: ["color-contrast"] }'
  const found = await page.evaluate<{ violations: Violation[] }>(`axe.run(${rules})`)
  return found.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
}

interface Violation {
  readonly id: string
  readonly impact: string
  readonly nodes: readonly { readonly html: string }[]
}

async function shoot(page: Page, name: string): Promise<void> {
  if (folder === undefined) return
  mkdirSync(join(root, folder), { recursive: true })
  await page.screenshot({ path: join(root, folder, `${name}.png`), fullPage: true })
}

const hostile = [
  '/machines?state=nothing&process=&fact=%00&retired=maybe&kind=%22&domain=%27%3B--&limit=-1',
  '/machines/not-an-id',
  '/machines/%E0%A4%A',
  '/sessions?tab=other&component=%3Cscript%3Ealert(1)%3C%2Fscript%3E',
  '/sessions/00000000-0000-0000-0000-000000000000',
  '/work?stuck=perhaps&order=sideways&machineId=x&sessionId=y',
  '/backoffs?tab=__proto__&order=constructor',
  '/processes/%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E',
  '/history?from=yesterday&to=tomorrow&event=Everything&kind=none&search=%25',
  '/?hours=0',
]

test.skipIf(cannotRun !== undefined)(
  'no parameter of a page takes it down: it shows what it can, or says what is wrong',
  { timeout: 60_000 },
  async () => {
    const { open } = await stage()
    const { page } = await open('/')
    const thrown: string[] = []
    page.on('pageerror', (error) => thrown.push(error.message))
    page.on('dialog', (dialog) => {
      thrown.push(`a dialog: ${dialog.message()}`)
      void dialog.dismiss()
    })
    for (const path of hostile) {
      await goTo(page, path)
      await settled(page)
      await page.getByRole('banner').waitFor()
      expect(await page.getByText('This page broke').count(), path).toBe(0)
    }
    expect(thrown).toEqual([])
  },
)
