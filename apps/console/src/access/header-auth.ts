import type { FastifyRequest } from 'fastify'
import type { Access } from './access.ts'
import type { CsrfTokens } from './csrf.ts'
import { isName } from './names.ts'
import type { TrustedProxies } from './trusted-proxies.ts'

/** For {@link headerAuth}. */
export interface HeaderAuthOptions {
  readonly header: string
  readonly operators: readonly string[]
  readonly trustedProxies: TrustedProxies
  readonly csrf: CsrfTokens
}

/** A proxy knows who asks, and says so in a header. */
export function headerAuth({ header, operators, trustedProxies, csrf }: HeaderAuthOptions): Access {
  const key = header.toLowerCase()
  const mayAct = new Set(operators)
  const nameOf = (request: FastifyRequest): string | null => {
    const values = request.raw.headersDistinct[key]
    const name = values?.length === 1 ? values[0] : undefined
    return name !== undefined && isName(name) ? name : null
  }
  return {
    description: `a trusted proxy says who asks in ${header}; ${operators.length === 0 ? 'nobody' : operators.join(', ')} may act`,
    refuses(request) {
      // Who is connected, not whom a header names: everybody can send headers.
      if (!trustedProxies.includes(request.raw.socket.remoteAddress))
        return {
          status: 403,
          code: 'ERR_PROXY_NOT_TRUSTED',
          detail: 'The console is reached through its proxy only (see --trusted-proxies).',
        }
      if (nameOf(request) !== null) return null
      return {
        status: 401,
        code: 'ERR_UNAUTHENTICATED',
        detail: `The proxy did not say who asks: it must set ${header} to one plain name.`,
      }
    },
    identify(request) {
      const name = nameOf(request)
      if (name === null || !trustedProxies.includes(request.raw.socket.remoteAddress)) return null
      const role = mayAct.has(name) ? 'operator' : 'viewer'
      return { name, role, csrfToken: csrf.of(`header ${name}`), canLogOut: false }
    },
  }
}
