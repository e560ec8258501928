import { expect, test } from 'vitest'
import { startConsole } from './setup.ts'

const act = JSON.stringify({ reason: 'new in rack 7' })

test('everybody on this machine may look, and acts only where the console was started for that', async () => {
  const looking = await startConsole()
  const me = (await looking.get('/api/v1/me')).json()
  expect(me).toMatchObject({ name: 'tester', role: 'viewer', canLogOut: false })
  const refused = await looking.post('/api/v1/machines/add', { 'X-BMDB-CSRF': String(me['csrfToken']) }, act)
  expect([refused.status, refused.json()['code']]).toEqual([403, 'ERR_FORBIDDEN'])

  const acting = await startConsole(['--role=operator', '--operator=ann'])
  const { csrfToken, role, name } = (await acting.get('/api/v1/me')).json()
  expect({ role, name }).toEqual({ role: 'operator', name: 'ann' })
  const done = await acting.post('/api/v1/machines/add', { 'X-BMDB-CSRF': String(csrfToken) }, act)
  expect([done.status, done.json()['done']]).toEqual([200, true])
  const [event] = await acting.database.sql<{ operator: string }>('SELECT operator FROM operator_history')
  expect(event).toEqual({ operator: 'ann' })
  expect((await acting.get('/login?next=/machines')).headers.location).toBe('/machines')
  expect((await acting.post('/logout')).status).toBe(401)
})

test('an act without the token of this console, or made by a page of somebody else, does nothing', async () => {
  const { get, post, url, connection } = await startConsole(['--role=operator'])
  const other = await startConsole(['--role=operator'])
  const tokenOf = async (from: typeof get) => String((await from('/api/v1/me')).json()['csrfToken'])
  const right = { 'X-BMDB-CSRF': await tokenOf(get) }
  const { host } = new URL(url)
  for (const [headers, code] of [
    [{}, 'ERR_CSRF'],
    [{ 'X-BMDB-CSRF': '' }, 'ERR_CSRF'],
    [{ 'X-BMDB-CSRF': await tokenOf(other.get) }, 'ERR_CSRF'],
    [{ ...right, Origin: 'https://evil.example.org' }, 'ERR_CROSS_SITE'],
    [{ ...right, Origin: 'null' }, 'ERR_CROSS_SITE'],
    [{ ...right, Origin: 'http://127.0.0.1:1' }, 'ERR_CROSS_SITE'],
    [{ ...right, 'Sec-Fetch-Site': 'cross-site' }, 'ERR_CROSS_SITE'],
    [{ ...right, 'Sec-Fetch-Site': 'same-site', Origin: `http://${host}` }, 'ERR_CROSS_SITE'],
  ] as const) {
    const answer = await post('/api/v1/machines/add', headers, act)
    expect([answer.status, answer.json()['code']]).toEqual([403, code])
    expect(answer.headers['content-type']).toContain('application/problem+json')
  }
  expect(await connection.prisma.machine.count()).toBe(0)
  const own = { ...right, 'Sec-Fetch-Site': 'same-origin', Origin: `http://${host}` }
  expect((await post('/api/v1/machines/add', own, act)).status).toBe(200)
})

test('a name that was made to lead to this machine gets nothing', async () => {
  const { get } = await startConsole()
  for (const path of ['/', '/assets/main-abc123.js', '/api/v1/me', '/api/v1/events', '/login', '/nowhere']) {
    const answer = await get(path, { Host: 'evil.example.org:9460', Accept: 'text/html' })
    expect([path, answer.status]).toEqual([path, 403])
  }
  expect((await get('/api/v1/me', { Host: 'evil.example.org' })).json()['code']).toBe('ERR_HOST_REFUSED')
  expect((await get('/api/v1/me', { Host: 'localhost:1234' })).status).toBe(200)
  // What a page can send itself is not believed.
  const pretending = { Host: 'evil.example.org', 'X-Forwarded-Host': 'localhost' }
  expect((await get('/api/v1/me', pretending)).status).toBe(403)
})
