import type { RedfishErrorCode } from './error.ts'

/** What went wrong, before it is known for which resource. */
export interface Failure {
  readonly code: RedfishErrorCode
  /** What happened, in a few words that " for" and the resource can follow. */
  readonly what: string
  /** What it may mean, or what to do about it. */
  readonly hint?: string
  /** What Node reported, where it is fit to be passed on. */
  readonly cause?: Error
}

/** Node's codes for "no connection" in words. */
const UNREACHABLE: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the host name could not be looked up',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the network',
  EHOSTDOWN: 'the host is down',
  ETIMEDOUT: 'connecting timed out',
  EADDRNOTAVAIL: 'the address cannot be connected to',
}

/** OpenSSL's verdicts on certificates, as Node names them. */
const UNTRUSTED =
  /^(DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|CERT_|CRL_|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH|ERR_TLS_CERT_)/

/** What an error of a socket or of the HTTP parser means. */
export function connectionFailure(error: NodeJS.ErrnoException): Failure {
  const code = error.code ?? 'no code'
  if (UNREACHABLE[code] !== undefined) return { code: 'ERR_REDFISH_UNREACHABLE', what: UNREACHABLE[code], cause: error }
  if (UNTRUSTED.test(code)) {
    const what = `the TLS certificate is not trusted (${code})`
    return { code: 'ERR_REDFISH_TLS', what, hint: 'set the insecure setting if you accept that', cause: error }
  }
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_')) {
    const what = `no TLS connection (${code})`
    return { code: 'ERR_REDFISH_TLS', what, hint: 'is this an http:// address?', cause: error }
  }
  if (code.startsWith('HPE_')) {
    // The parser's error carries what was received, which is for nobody's log: no cause.
    const what = `an answer that is no HTTP (${code})`
    return { code: 'ERR_REDFISH_INVALID_ANSWER', what, hint: 'is this an https:// address?' }
  }
  const what = `the connection was lost before the end of the answer (${code})`
  return { code: 'ERR_REDFISH_CONNECTION_LOST', what, cause: error }
}
