import { expect, test } from 'vitest'
import type { RequestHeaders } from './send.ts'
import { startConsole } from './setup.ts'

const act = JSON.stringify({ reason: 'new in rack 7' })

test('a trusted proxy says who asks: operators act, everybody else looks', async () => {
  const { get, post } = await startConsole(['--auth=header', '--operators=ann@example.org'])
  const as = async (name: string) => {
    const headers = { 'X-Forwarded-User': name }
    const me = (await get('/api/v1/me', headers)).json()
    return { me, headers: { ...headers, 'X-BMDB-CSRF': String(me['csrfToken']) } }
  }
  const ann = await as('ann@example.org')
  expect(ann.me).toMatchObject({ name: 'ann@example.org', role: 'operator', canLogOut: false })
  expect((await post('/api/v1/machines/add', ann.headers, act)).status).toBe(200)
  const bob = await as('bob')
  expect(bob.me).toMatchObject({ name: 'bob', role: 'viewer' })
  expect((await post('/api/v1/machines/add', bob.headers, act)).json()['code']).toBe('ERR_FORBIDDEN')
  // Who is behind the proxy may be anywhere.
  expect((await get('/api/v1/me', { ...bob.headers, 'X-Forwarded-For': '198.51.100.7' })).status).toBe(200)
  // The token is a person's own.
  const mixed = { ...ann.headers, 'X-BMDB-CSRF': bob.headers['X-BMDB-CSRF'] }
  expect((await post('/api/v1/machines/add', mixed, act)).json()['code']).toBe('ERR_CSRF')
  expect((await get('/login', { 'X-Forwarded-User': 'bob' })).headers.location).toBe('/')
})

test('a request that does not name one person plainly gets 401, whatever it asks for', async () => {
  const { get, post } = await startConsole(['--auth=header', '--operators=ann'])
  const unclear: RequestHeaders[] = [
    {},
    { 'X-Forwarded-User': '' },
    { 'X-Forwarded-User': ['ann', 'bob'] },
    { 'X-Forwarded-User': ['ann', 'ann'] },
    { 'X-Forwarded-User': 'ann, bob' },
    { 'X-Forwarded-User': 'ann\u00e9' },
    { 'X-Forwarded-User': `a${'n'.repeat(128)}` },
    { 'X-Who': 'ann' },
  ]
  for (const headers of unclear) {
    expect((await get('/api/v1/me', headers)).json()).toMatchObject({ status: 401, code: 'ERR_UNAUTHENTICATED' })
    expect((await post('/api/v1/machines/add', headers, act)).status).toBe(401)
    const page = await get('/', { ...headers, Accept: 'text/html' })
    expect(page.status).toBe(401)
    expect(page.text).toContain('<h1>Unauthorized</h1>')
    expect((await get('/assets/main-abc123.js', headers)).status).toBe(401)
  }
})

test('who is connected from elsewhere is refused, whatever headers say', async () => {
  const { get } = await startConsole(['--auth=header', '--trusted-proxies=192.0.2.0/24,2001:db8::/32'])
  const headers = { 'X-Forwarded-User': 'ann', 'X-Forwarded-For': '192.0.2.1' }
  expect((await get('/api/v1/me', headers)).json()).toMatchObject({ status: 403, code: 'ERR_PROXY_NOT_TRUSTED' })
  expect((await get('/', { ...headers, Accept: 'text/html' })).status).toBe(403)
})

test('the header may be another one', async () => {
  const { get } = await startConsole(['--auth=header', '--identity-header=X-Auth-Request-User'])
  expect((await get('/api/v1/me', { 'x-auth-request-user': 'ann' })).json()['name']).toBe('ann')
  expect((await get('/api/v1/me', { 'X-Forwarded-User': 'ann' })).status).toBe(401)
})
