import fc from 'fast-check'
import { expect, test } from 'vitest'
import { annsToken, startConsole, writeTokens } from './setup.ts'

const html = { Accept: 'text/html,*/*;q=0.8' }

/** Parts of paths and parameters that some program once took for something else. */
const part = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }).map((text) => encodeURIComponent(text)),
  fc.constantFrom(
    '..',
    '%2e%2e',
    '%2f',
    '%5c',
    '%00',
    '%',
    '%zz',
    '%ff%fe',
    '//',
    '/.',
    ';',
    '<script>',
    "'",
    '"',
    '__proto__',
  ),
  fc.constantFrom(
    'machines',
    'sessions',
    'work',
    'login',
    'logout',
    'assets',
    'index.html',
    'api',
    'v1',
    'metrics',
    '.env',
  ),
)
const path = fc
  .tuple(fc.array(part, { maxLength: 5 }), fc.array(fc.tuple(part, part), { maxLength: 4 }))
  .map(([parts, query]) => `/${parts.join('/')}?next=${query.map(([name, value]) => `${name}=${value}`).join('&')}`)
  // What no client could send at all.
  .filter((text) => /^[\x21-\x7e]+$/.test(text))

test('whatever page is asked for, with whatever parameters, the answer is no error of the server, and tells nothing', async () => {
  const file = await writeTokens(`ann operator ${annsToken}\n`)
  const consoles = [await startConsole(), await startConsole(['--auth=token', `--tokens-file=${file}`])]
  await fc.assert(
    fc.asyncProperty(path, fc.constantFrom(html, {}), async (asked, headers) => {
      for (const one of consoles) {
        const { status, text, headers: answered } = await one.get(asked, headers)
        expect(status, asked).toBeLessThan(500)
        expect(text, asked).not.toMatch(/\bat \S+:\d+:\d+|node_modules|root:x:0/)
        // Where it leads stays here.
        expect(answered.location ?? '/', asked).toMatch(/^\/(?![/\\])/)
      }
    }),
    { numRuns: 200 },
  )
})
