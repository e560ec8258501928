import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ProblemError } from './problem-error.ts'
import { badRequest } from './problem-error.ts'

/** Nobody on the way keeps an answer, or guesses what it is. */
export const answerHeaders = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' } as const

/** Answers with a problem. */
export function sendProblem(reply: FastifyReply, { problem, retryAfterSeconds }: ProblemError): FastifyReply {
  if (retryAfterSeconds !== undefined) void reply.header('Retry-After', String(retryAfterSeconds))
  return reply.code(problem.status).type('application/problem+json').send(JSON.stringify(problem))
}

/**
 * For the option of this name of the Fastify that the API is registered in: an address that cannot be read at all never
 * gets to the API, and is refused by a problem too.
 */
export function frameworkErrors(_error: Error, _request: FastifyRequest, reply: FastifyReply): void {
  void sendProblem(reply.headers(answerHeaders), badRequest('The address cannot be read: it is wrongly encoded.'))
}
