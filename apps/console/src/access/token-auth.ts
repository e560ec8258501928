import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Access } from './access.ts'
import { BrowserSessions, loggedInSeconds } from './browser-sessions.ts'
import type { CsrfTokens } from './csrf.ts'
import { LoginLimits } from './login-limits.ts'
import type { Tokens } from './tokens.ts'

/** The cookie that keeps somebody logged in. */
export const cookieName = 'bmdb_console'

/** Everybody has a token: programs send it with each request, people give it once to log in. */
export function tokenAuth(tokens: Tokens, csrf: CsrfTokens, nowMs: () => number): Access {
  const sessions = new BrowserSessions(nowMs)
  const limits = new LoginLimits(nowMs)
  const cookieOf = (request: FastifyRequest): string | undefined => request.cookies[cookieName]
  const cookieOptions = (request: FastifyRequest) =>
    ({ path: '/', httpOnly: true, sameSite: 'lax', secure: request.protocol === 'https' }) as const
  return {
    description: `${tokens.size} ${tokens.size === 1 ? 'person has a token' : 'people have tokens'}`,
    refuses: () => null,
    identify(request) {
      // Who sends a token is nobody else, whatever cookie comes with it.
      const { authorization } = request.headers
      if (authorization !== undefined) {
        const token = /^Bearer +(\S+) *$/i.exec(authorization)?.[1]
        const owner = token === undefined ? null : tokens.ownerOf(token)
        return owner && { ...owner, csrfToken: null, canLogOut: false }
      }
      const secret = cookieOf(request)
      const owner = secret === undefined ? null : sessions.ownerOf(secret)
      return owner && { ...owner, csrfToken: csrf.of(`browser ${secret}`), canLogOut: true }
    },
    login: {
      logIn(request: FastifyRequest, reply: FastifyReply, token: string) {
        const againInSeconds = limits.againInSeconds(request.ip)
        if (againInSeconds > 0) return { againInSeconds }
        const owner = tokens.ownerOf(token)
        if (owner === null) {
          limits.failed(request.ip)
          return 'wrong'
        }
        const before = cookieOf(request)
        if (before !== undefined) sessions.end(before)
        reply.setCookie(cookieName, sessions.begin(owner), { ...cookieOptions(request), maxAge: loggedInSeconds })
        return 'ok'
      },
      logOut(request, reply) {
        const secret = cookieOf(request)
        if (secret !== undefined) sessions.end(secret)
        reply.clearCookie(cookieName, cookieOptions(request))
      },
    },
  }
}
