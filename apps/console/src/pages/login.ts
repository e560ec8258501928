import { bringsToken } from '@bmdb/api'
import cookie from '@fastify/cookie'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Access } from '../access/access.ts'
import { refuse } from '../refuse.ts'
import { nonceOf } from '../security-headers.ts'
import { escapeHtml, page } from './html.ts'
import { nextPath } from './next-path.ts'

/** A token, and where to go: no form of the console's is longer. */
const formLimit = 8_192

/** `/login` with its form, and `/logout`. Where people do not log in, `/login` leads to the console. */
export async function addLogin(app: FastifyInstance, access: Access): Promise<void> {
  const { login } = access
  await app.register(cookie)
  await app.register(async (routes) => {
    routes.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string', bodyLimit: formLimit },
      (_request, body, done) => done(null, new URLSearchParams(String(body))),
    )

    routes.get('/login', async (request, reply) => {
      const next = nextPath((request.query as Record<string, unknown>)['next'])
      if (login === undefined || access.identify(request) !== null) return reply.redirect(next, 303)
      return form(reply, 200, next)
    })

    routes.post('/login', async (request, reply) => {
      if (login === undefined) return reply.redirect('/', 303)
      const given = request.body instanceof URLSearchParams ? request.body : new URLSearchParams()
      const next = nextPath(given.get('next'))
      const outcome = login.logIn(request, reply, (given.get('token') ?? '').trim())
      if (outcome === 'ok') return reply.redirect(next, 303)
      if (outcome === 'wrong') return form(reply, 401, next, 'This token is not known.')
      reply.header('Retry-After', outcome.againInSeconds)
      return form(reply, 429, next, `Too many tries: try again in ${outcome.againInSeconds} seconds.`)
    })

    routes.post('/logout', async (request, reply) => {
      const identity = access.identify(request)
      if (login === undefined || identity?.canLogOut !== true)
        return refuse(request, reply, {
          status: 401,
          code: 'ERR_UNAUTHENTICATED',
          detail: 'There is nobody to log out.',
        })
      if (identity.csrfToken !== null && !bringsToken(request, identity.csrfToken))
        return refuse(request, reply, {
          status: 403,
          code: 'ERR_CSRF',
          detail: 'X-BMDB-CSRF must bring the csrfToken that GET /api/v1/me gave.',
        })
      login.logOut(request, reply)
      return reply.code(204).header('Cache-Control', 'no-store').send()
    })
  })
}

function form(reply: FastifyReply, status: number, next: string, wrong?: string): FastifyReply {
  const about = wrong === undefined ? '' : ' aria-invalid="true" aria-describedby="wrong"'
  const body = `${wrong === undefined ? '' : `<p id="wrong" class="wrong" role="alert">${escapeHtml(wrong)}</p>\n`}<form method="post" action="/login">
<input type="hidden" name="next" value="${escapeHtml(next)}">
<label for="token">Your token</label>
<input id="token" name="token" type="password" autocomplete="current-password" spellcheck="false" maxlength="512" required autofocus${about}>
<button type="submit">Log in</button>
</form>`
  return (
    reply
      .code(status)
      .header('Cache-Control', 'no-store')
      // Under no-referrer browsers send no origin with the form, and it would be refused as somebody else's.
      .header('Referrer-Policy', 'same-origin')
      .type('text/html; charset=utf-8')
      .send(page(nonceOf(reply.raw), 'Log in', body))
  )
}
