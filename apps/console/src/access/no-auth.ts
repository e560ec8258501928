import type { Identity, Role } from '@bmdb/api'
import type { Access } from './access.ts'
import type { CsrfTokens } from './csrf.ts'
import { isLoopbackHostHeader } from './loopback.ts'

/** Everybody on this machine is the same person. */
export function noAuth(name: string, role: Role, csrf: CsrfTokens): Access {
  const identity: Identity = { name, role, csrfToken: csrf.of(`everybody ${name}`), canLogOut: false }
  return {
    description: `everybody on this machine is ${name}, ${role}`,
    refuses(request) {
      // A page from elsewhere whose name was made to lead here would be of the same origin, but for this.
      if (isLoopbackHostHeader(request.headers.host)) return null
      return {
        status: 403,
        code: 'ERR_HOST_REFUSED',
        detail:
          'Without authentication the console answers under localhost and loopback addresses only: use http://localhost and its port.',
      }
    },
    identify: () => identity,
  }
}
