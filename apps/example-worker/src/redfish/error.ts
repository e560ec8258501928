/** Why a BMC could not be read. */
export type RedfishErrorCode =
  /** The address or an option makes no sense; nothing was sent. */
  | 'ERR_REDFISH_ARGUMENT'
  /** No connection: refused, no such host, no route. */
  | 'ERR_REDFISH_UNREACHABLE'
  /** The connection broke before the answer was complete. */
  | 'ERR_REDFISH_CONNECTION_LOST'
  /** A request, or the whole read, took longer than its limit. */
  | 'ERR_REDFISH_TIMEOUT'
  /** The certificate is not trusted, or there is no TLS at all. */
  | 'ERR_REDFISH_TLS'
  /** 401 or 403. */
  | 'ERR_REDFISH_UNAUTHORIZED'
  /** 404 for the service root; for anything that a link leads to, it is a warning in the report instead. */
  | 'ERR_REDFISH_NOT_FOUND'
  /** Any other status that is no success. */
  | 'ERR_REDFISH_STATUS'
  /** The answer is too large, no JSON, cut off, or not what Redfish prescribes. */
  | 'ERR_REDFISH_INVALID_ANSWER'
  /** A link or redirect leads to another host, port or protocol, where no credentials may go. */
  | 'ERR_REDFISH_FOREIGN_LINK'

/**
 * A BMC could not be read. The message is for an operator: it names the address and the resource, and holds neither
 * credentials nor the content of an answer.
 */
export class RedfishError extends Error {
  override readonly name = 'RedfishError'
  readonly code: RedfishErrorCode
  /** The BMC's address, such as `https://bmc7`. */
  readonly address: string
  /** The path of the resource that was asked for; null if it is about none. */
  readonly resource: string | null

  /** @param explanation what happened, as a clause: `401 Unauthorized for /redfish/v1/Systems` */
  constructor(
    code: RedfishErrorCode,
    address: string,
    resource: string | null,
    explanation: string,
    options?: ErrorOptions,
  ) {
    super(`${address}: ${explanation}`, options)
    this.code = code
    this.address = address
    this.resource = resource
  }
}
