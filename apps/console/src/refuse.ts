import { STATUS_CODES } from 'node:http'
import type { Problem } from '@bmdb/api'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { escapeHtml, page } from './pages/html.ts'
import { nonceOf } from './security-headers.ts'

/** Answers that something went wrong: with a problem where programs ask, with a page where people do. */
export function refuse(
  request: FastifyRequest,
  reply: FastifyReply,
  { status, code, detail }: { readonly status: number; readonly code: string; readonly detail: string },
): FastifyReply {
  const title = STATUS_CODES[status] ?? 'Error'
  reply.code(status).header('Cache-Control', 'no-store')
  if (wantsPage(request))
    return reply.type('text/html; charset=utf-8').send(page(nonceOf(reply.raw), title, `<p>${escapeHtml(detail)}</p>`))
  const problem: Problem = { status, title, detail, code }
  return reply.type('application/problem+json; charset=utf-8').send(JSON.stringify(problem))
}

/** Whether a person asks for a page, and not a program or the page for something that it needs. */
export function wantsPage(request: FastifyRequest): boolean {
  return !isApiPath(request.url) && (request.headers.accept ?? '').includes('text/html')
}

/** Whether it is about the API. */
export function isApiPath(url: string): boolean {
  return /^\/api(?:[/?]|$)/.test(url)
}
