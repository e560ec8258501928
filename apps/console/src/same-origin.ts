import type { FastifyRequest } from 'fastify'
import type { Refusal } from './access/access.ts'

/** Why a request that changes something is refused: a page of somebody else made a browser send it; null if none did. */
export function crossSiteRefusal(request: FastifyRequest): Refusal | null {
  if (request.method === 'GET' || request.method === 'HEAD' || request.method === 'OPTIONS') return null
  const site = request.headers['sec-fetch-site']
  const { origin } = request.headers
  const foreignSite = site !== undefined && site !== 'same-origin' && site !== 'none'
  if (!foreignSite && (origin === undefined || isOwn(origin, request.host))) return null
  return {
    status: 403,
    code: 'ERR_CROSS_SITE',
    detail:
      'The request was made by a page that is not the console’s; behind a proxy, it must pass the Host header on.',
  }
}

/** By host and port only: which scheme is used on the far side of a proxy is not always known. */
function isOwn(origin: string, host: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === normalized(host, new URL(origin).protocol)
}

/** Without the scheme's default port, and in lower case, as an origin has it. */
function normalized(host: string, protocol: string): string | undefined {
  const url = `${protocol}//${host}`
  return URL.canParse(url) ? new URL(url).host : undefined
}
