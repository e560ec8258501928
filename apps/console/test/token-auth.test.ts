import { expect, test } from 'vitest'
import { annsToken, bobsToken, cookieOf, logIn, startConsole, writeTokens } from './setup.ts'

const act = JSON.stringify({ reason: 'new in rack 7' })

async function start(nowMs?: () => number) {
  const path = await writeTokens(`ann operator ${annsToken}\nbob viewer ${bobsToken}\n`)
  return startConsole(['--auth=token', `--tokens-file=${path}`], nowMs === undefined ? {} : { nowMs })
}

test('programs send their token with each request, and need nothing else', async () => {
  const { get, post } = await start()
  const ann = { Authorization: `Bearer ${annsToken}` }
  expect((await get('/api/v1/me', ann)).json()).toMatchObject({
    name: 'ann',
    role: 'operator',
    csrfToken: null,
    canLogOut: false,
  })
  expect((await post('/api/v1/machines/add', ann, act)).status).toBe(200)
  const bob = { Authorization: `bearer ${bobsToken}` }
  expect((await get('/api/v1/me', bob)).json()).toMatchObject({ name: 'bob', role: 'viewer' })
  expect((await post('/api/v1/machines/add', bob, act)).json()['code']).toBe('ERR_FORBIDDEN')
})

test('without a token that is known nobody knows who asks', async () => {
  const { get, post } = await start()
  const others: Record<string, string>[] = [
    {},
    { Authorization: `Bearer ${annsToken}x` },
    { Authorization: 'Bearer ' },
    { Authorization: `Basic ${annsToken}` },
    { Cookie: `bmdb_console=${annsToken}` },
  ]
  for (const headers of others) {
    expect((await get('/api/v1/me', headers)).json()).toMatchObject({ status: 401, code: 'ERR_UNAUTHENTICATED' })
    expect((await post('/api/v1/machines/add', headers, act)).status).toBe(401)
    const page = await get('/machines?search=x', { ...headers, Accept: 'text/html' })
    expect([page.status, page.headers.location]).toEqual([303, '/login?next=%2Fmachines%3Fsearch%3Dx'])
  }
})

test('people log in by a form, act with the token of their session, and log out', async () => {
  const console = await start()
  const { get, post, url } = console
  const form = await get('/login?next=%2Fmachines%3Fsearch%3D%22x')
  expect(form.status).toBe(200)
  expect(form.text).toContain('value="/machines?search=%22x"')
  expect(form.headers['cache-control']).toBe('no-store')
  const answer = await logIn(console, annsToken, { Origin: url, 'Sec-Fetch-Site': 'same-origin' }, '/machines?search=x')
  expect([answer.status, answer.headers.location]).toEqual([303, '/machines?search=x'])
  expect(answer.headers['set-cookie']).toEqual([
    expect.stringMatching(/^bmdb_console=[\w-]{43}; Max-Age=43200; Path=\/; HttpOnly; SameSite=Lax$/),
  ])
  const ann = { Cookie: cookieOf(answer) }
  expect((await get('/', { ...ann, Accept: 'text/html' })).status).toBe(200)
  expect((await get('/login', ann)).headers.location).toBe('/')
  const { name, csrfToken, canLogOut } = (await get('/api/v1/me', ann)).json()
  expect({ name, canLogOut }).toEqual({ name: 'ann', canLogOut: true })
  expect((await post('/api/v1/machines/add', ann, act)).json()['code']).toBe('ERR_CSRF')
  const csrf = { ...ann, 'X-BMDB-CSRF': String(csrfToken) }
  expect((await post('/api/v1/machines/add', csrf, act)).status).toBe(200)

  // Somebody else's token is none of mine.
  const bob = { Cookie: cookieOf(await logIn(console, bobsToken)) }
  expect((await post('/logout', { ...bob, 'X-BMDB-CSRF': String(csrfToken) })).json()['code']).toBe('ERR_CSRF')

  expect((await post('/logout', ann)).json()['code']).toBe('ERR_CSRF')
  const out = await post('/logout', csrf)
  expect(out.status).toBe(204)
  expect(out.headers['set-cookie']![0]).toMatch(
    /^bmdb_console=; Max-Age=0; Path=\/; Expires=Thu, 01 Jan 1970 [^;]*; HttpOnly; SameSite=Lax$/,
  )
  expect((await get('/api/v1/me', ann)).status).toBe(401)
  expect((await post('/logout', csrf)).status).toBe(401)
  expect((await get('/api/v1/me', bob)).status).toBe(200)
})

test('the cookie is for https alone where a trusted proxy says that https is used', async () => {
  const console = await start()
  const cookie = async (headers = {}) => (await logIn(console, annsToken, headers)).headers['set-cookie']![0]
  expect(await cookie()).not.toContain('Secure')
  expect(await cookie({ 'X-Forwarded-Proto': 'https' })).toContain('; Secure')
  const path = await writeTokens(`ann operator ${annsToken}\n`)
  const flags = ['--auth=token', `--tokens-file=${path}`, '--trusted-proxies=192.0.2.1']
  const answer = await logIn(await startConsole(flags), annsToken, { 'X-Forwarded-Proto': 'https' })
  expect(answer.headers['set-cookie']![0]).not.toContain('Secure')
  expect(answer.headers['strict-transport-security']).toBeUndefined()
})

test('nobody stays logged in for more than 12 hours', async () => {
  let now = 0
  const console = await start(() => now)
  const ann = { Cookie: cookieOf(await logIn(console, annsToken)) }
  now += 12 * 3_600_000 - 1
  expect((await console.get('/api/v1/me', ann)).status).toBe(200)
  now += 1
  expect((await console.get('/api/v1/me', ann)).status).toBe(401)
})

test('who guesses is slowed down after ten tries within a minute, by address', async () => {
  let now = 0
  const console = await start(() => now)
  const from = (address: string) => ({ 'X-Forwarded-For': address })
  for (let number = 1; number <= 10; number++) {
    now += 1_000
    const wrong = await logIn(console, `${annsToken}${number}`, from('192.0.2.7'))
    expect(wrong.status).toBe(401)
    expect(wrong.text).toContain('role="alert">This token is not known.')
    expect(wrong.headers['set-cookie']).toBeUndefined()
  }
  const limited = await logIn(console, annsToken, from('192.0.2.7'))
  expect([limited.status, limited.headers['retry-after']]).toEqual([429, '51'])
  expect(limited.text).toContain('try again in 51 seconds')
  expect(limited.headers['set-cookie']).toBeUndefined()
  expect((await logIn(console, annsToken, from('192.0.2.8'))).status).toBe(303)
  now += 51_000
  expect((await logIn(console, annsToken, from('192.0.2.7'))).status).toBe(303)
})

test('a login that a page of somebody else sends is refused', async () => {
  const console = await start()
  const foreign: Record<string, string>[] = [{ Origin: 'https://evil.example.org' }, { 'Sec-Fetch-Site': 'cross-site' }]
  for (const headers of foreign) {
    const answer = await logIn(console, annsToken, headers)
    expect([answer.status, answer.headers['set-cookie']]).toEqual([403, undefined])
  }
  expect((await console.post('/login', {}, '{"token":"x"}')).status).toBe(401)
  const long = await logIn(console, 'x'.repeat(10_000))
  expect(long.status).toBe(413)
})

test('behind a proxy the origin is compared with the host that it passes on', async () => {
  const console = await start()
  const origin = { Origin: 'https://fleet.example.org' }
  expect((await logIn(console, annsToken, { ...origin, 'X-Forwarded-Host': 'fleet.example.org' })).status).toBe(303)
  expect((await logIn(console, annsToken, { ...origin, Host: 'fleet.example.org:443' })).status).toBe(303)
  expect((await logIn(console, annsToken, { ...origin, Host: 'fleet.example.org:444' })).status).toBe(403)
})
