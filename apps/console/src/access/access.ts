import type { Identity } from '@bmdb/api'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** Why a request is not answered. */
export interface Refusal {
  readonly status: 400 | 401 | 403 | 429
  readonly code: string
  /** What went wrong and what to do, in a sentence. */
  readonly detail: string
}

/** How it is known who asks, and what they may do. */
export interface Access {
  /** What is told when the console starts. */
  readonly description: string
  /** Why the request is not answered, whatever it asks for; null if it may go on. */
  refuses(request: FastifyRequest): Refusal | null
  /** Who asks; null where nobody knows. */
  identify(request: FastifyRequest): Identity | null
  /** Where people say who they are by a form. Default: nowhere. */
  readonly login?: Login
}

/** What comes of a try to log in: whether it worked, or why it is not looked at. */
export type LoginOutcome = 'ok' | 'wrong' | { readonly againInSeconds: number }

/** Logging in by a form, and out. */
export interface Login {
  logIn(request: FastifyRequest, reply: FastifyReply, token: string): LoginOutcome
  logOut(request: FastifyRequest, reply: FastifyReply): void
}
