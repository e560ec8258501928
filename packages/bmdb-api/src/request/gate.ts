import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { Identity } from '../identity.ts'
import { csrf, forbidden, unauthenticated } from '../problem/problem-error.ts'
import { mediaType } from '../problem/problem-of.ts'

/** Lets a request in, before its body is read. @throws ProblemError */
export function admit(request: FastifyRequest, identity: Identity | null): Identity {
  if (identity === null) throw unauthenticated()
  if (request.method !== 'POST') return identity
  if (identity.role !== 'operator') throw forbidden(identity.name)
  if (identity.csrfToken !== null && !bringsToken(request, identity.csrfToken)) throw csrf()
  const [type = ''] = (request.headers['content-type'] ?? '').split(';')
  if (type.trim().toLowerCase() !== 'application/json') throw mediaType()
  return identity
}

/**
 * Whether a request brings that CSRF token in its header `X-BMDB-CSRF`; found out in a time that says nothing of where they
 * differ, nor of how long the token is. An empty one is none. For acts that a server has beside the API's.
 */
export function bringsToken(request: FastifyRequest, token: string): boolean {
  const given = request.headers['x-bmdb-csrf']
  if (typeof given !== 'string' || given === '') return false
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(token), digest(given))
}
