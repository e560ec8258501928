import type { Resource } from './resource.ts'

/** A request that a BMC answers with an error. */
export class RequestError extends Error {
  override readonly name = 'RequestError'
  /** The HTTP status. */
  readonly status: number
  /** The id of the message in Redfish's Base registry, such as `ResourceMissingAtURI`. */
  readonly messageId: string
  /** Headers that the answer must have beside the usual ones. */
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, messageId: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message)
    this.status = status
    this.messageId = messageId
    this.headers = headers
  }

  /** The body that Redfish prescribes for errors. */
  body(): Resource {
    const id = `Base.1.18.${this.messageId}`
    const extended = { '@odata.type': '#Message.v1_1_2.Message', MessageId: id, Message: this.message }
    return { error: { code: id, message: this.message, '@Message.ExtendedInfo': [extended] } }
  }
}
