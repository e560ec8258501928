import { expect, test } from 'vitest'
import type { Answer } from './send.ts'
import { annsToken, logIn, startConsole, writeTokens } from './setup.ts'

const html = { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }

function nonceOf({ headers }: Answer): string {
  const policy = String(headers['content-security-policy'])
  const [, nonce = ''] = /style-src 'self' 'nonce-([A-Za-z0-9+/]{24})'/.exec(policy) ?? []
  expect(policy.replace(nonce, 'N')).toBe(
    "default-src 'none';script-src 'self';style-src 'self' 'nonce-N';connect-src 'self';img-src 'self' data:;" +
      "font-src 'self';base-uri 'none';form-action 'self';frame-ancestors 'none'",
  )
  return nonce
}

/** No page has a script, a handler or a style of its own that the policy would not allow. */
function expectNothingInline({ text }: Answer): void {
  expect(text).not.toMatch(/<script(?![^>]* src="\/)/)
  expect(text).not.toMatch(/\son\w+\s*=/)
  expect(text).not.toMatch(/\sstyle\s*=/)
  expect(text).not.toMatch(/javascript:/)
}

test('every page has a policy of its own, and nothing inline', async () => {
  const path = await writeTokens(`ann operator ${annsToken}\n`)
  const tokens = await startConsole(['--auth=token', `--tokens-file=${path}`])
  const open = await startConsole()
  const answers = [
    await open.get('/', html),
    await open.get('/', html),
    await open.get('/machines/123', html),
    await open.get('/api/v1/me'),
    await open.get('/assets/none.js'),
    await open.get('/', { ...html, Host: 'evil.example.org' }),
    await tokens.get('/login'),
    await logIn(tokens, 'wrong'),
  ]
  const nonces = answers.map(nonceOf)
  expect(new Set(nonces).size).toBe(answers.length)
  for (const answer of answers) {
    expectNothingInline(answer)
    expect(answer.headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'x-frame-options': 'DENY',
      'cache-control': 'no-store',
    })
    expect(answer.headers['strict-transport-security']).toBeUndefined()
    expect(answer.headers['x-powered-by']).toBeUndefined()
  }
  expect(answers[0]!.headers['referrer-policy']).toBe('no-referrer')
  expect(answers[0]!.text).toContain(`content="${nonces[0]}"`)
  expect(answers[0]!.text).not.toContain('__CSP_NONCE__')
  expect(answers[6]!.text).toContain(`<style nonce="${nonces[6]}">`)
  // Or browsers would not say where the form comes from.
  expect(answers[6]!.headers['referrer-policy']).toBe('same-origin')
  const secure = await open.get('/', { ...html, 'X-Forwarded-Proto': 'https' })
  expect(secure.headers['strict-transport-security']).toBe('max-age=31536000')
})

test('assets are kept for good, other files are asked for again, pages are not kept', async () => {
  const { get } = await startConsole()
  const asset = await get('/assets/main-abc123.js')
  expect([asset.status, asset.text, asset.headers['cache-control']]).toEqual([
    200,
    'export {}',
    'public, max-age=31536000, immutable',
  ])
  expect(asset.headers['content-type']).toContain('/javascript')
  expect((await get('/icon.svg')).headers['cache-control']).toBe('no-cache')
})

test('a person gets the page for every path that is no file, and 404 for assets and API that are not there', async () => {
  const { get } = await startConsole()
  for (const [path, status] of [
    ['/machines', 200],
    ['/machines/0f8fad5b-d9cb-469f-a165-70867728950e?x=1', 200],
    ['/processes/Some.Process%2F1', 200],
    ['/index.html', 200],
    ['/login', 303],
    ['/assets/none-123.js', 404],
    ['/assets', 404],
    ['/api', 404],
    ['/api/v2/me', 404],
    ['/api/v1/nothing', 404],
  ] as const) {
    const answer = await get(path, html)
    expect([path, answer.status]).toEqual([path, status])
    if (status === 200) expect(answer.text).toContain('<!doctype html>')
    if (path.startsWith('/api')) expect(answer.headers['content-type']).toContain('application/problem+json')
  }
})

test('the page is for people who look at it: not for other methods, and not in the place of a picture', async () => {
  const { get, post } = await startConsole()
  expect((await get('/machines', { Accept: 'image/*' })).status).toBe(404)
  expect((await post('/machines', html)).status).toBe(404)
})

test('no path leads to a file outside of the front end', async () => {
  const { get } = await startConsole()
  const outside = ['/../package.json', '/%2e%2e/package.json', '/assets/..%2f..%2fpackage.json', '/.git', '/assets/%00']
  for (const path of [...outside, '/%ff', '//evil']) {
    const answer = await get(path, { Accept: '*/*' })
    expect([path, answer.status >= 400 && answer.status < 500]).toEqual([path, true])
    expect(answer.text).not.toContain('"name"')
  }
})
