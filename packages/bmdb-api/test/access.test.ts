import { describe, expect, test } from 'vitest'
import { bulkVerbs, verbs, type Identity } from '../src/index.ts'
import { api, operator, post, problem, rowCounts, viewer } from './setup.ts'

const everyVerb = [...Object.values(verbs), ...Object.values(bulkVerbs)].map(({ noun, verb }) => `${noun}/${verb}`)
const add = { reason: 'a new one' }

describe('who may do what', () => {
  test('nobody who is not known is answered', async () => {
    const { app, refusal } = await api(0, null)
    for (const path of ['me', 'machines', 'openapi.json', 'events', 'nothing'])
      expect(await refusal(path)).toMatchObject({ status: 401, code: 'ERR_UNAUTHENTICATED' })
    for (const path of everyVerb) expect(problem(await post(app, path, add)).status, path).toBe(401)
  })

  test('a viewer reads, and does nothing', async () => {
    const { app, database, read } = await api(1, viewer)
    const before = await rowCounts(database)
    expect(await read('machines')).toMatchObject({ rows: [{}] })
    for (const path of everyVerb) {
      const { status, code, detail } = problem(await post(app, path, add))
      expect([status, code], path).toEqual([403, 'ERR_FORBIDDEN'])
      expect(detail).toContain('vera is a viewer')
    }
    expect(await rowCounts(database)).toEqual(before)
  })

  test('a browser’s acts need the token that it was told', async () => {
    const { app, database } = await api(0, { ...operator, csrfToken: 'the right one' })
    for (const token of [undefined, '', 'the wrong one', 'the right one, and more']) {
      const headers = token === undefined ? {} : { 'x-bmdb-csrf': token }
      const refused = problem(await post(app, 'machines/add', add, headers))
      expect([refused.status, refused.code], token).toEqual([403, 'ERR_CSRF'])
    }
    expect((await rowCounts(database))['machines']).toBe(0)
    expect((await post(app, 'machines/add', add, { 'x-bmdb-csrf': 'the right one' })).statusCode).toBe(200)
  })

  test('an identity that promises an empty token cannot act', async () => {
    const { app } = await api(0, { ...operator, csrfToken: '' })
    expect(problem(await post(app, 'machines/add', add, { 'x-bmdb-csrf': '' })).code).toBe('ERR_CSRF')
    expect(problem(await post(app, 'machines/add', add)).code).toBe('ERR_CSRF')
  })

  test('acts come as JSON, which no form of another site can send', async () => {
    const { app } = await api(0)
    const types = ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', undefined]
    for (const type of types) {
      const response = await app.inject({
        method: 'POST',
        url: '/api/v1/machines/add',
        payload: JSON.stringify(add),
        headers: type === undefined ? {} : { 'content-type': type },
      })
      expect(problem(response).status, type).toBe(415)
    }
  })

  test('who acts is who was identified, whatever the body says', async () => {
    let who: Identity = operator
    const { app, read, refusal } = await api(0, undefined, { identify: () => who })
    await post(app, 'machines/add', add)
    who = { ...operator, name: 'berta' }
    await post(app, 'machines/add', add)
    expect(await refusal('machines/add', { ...add, operator: 'somebody else' })).toMatchObject({ status: 400 })
    expect(await read('history')).toMatchObject({ rows: [{ operator: 'berta' }, { operator: 'anna' }] })
  })
})
