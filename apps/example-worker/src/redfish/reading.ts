import type { RedfishClient } from './client.ts'
import { RedfishError } from './error.ts'
import type { Resource } from './resource.ts'

/** One read of a BMC: its client, and what it has to warn of so far. */
export class Reading {
  readonly client: RedfishClient
  readonly #warnings = new Set<string>()

  constructor(client: RedfishClient) {
    this.client = client
  }

  /** In a fixed order, whatever the order of the BMC's answers. */
  get warnings(): readonly string[] {
    return [...this.#warnings].sort()
  }

  warn(warning: string): void {
    this.#warnings.add(warning)
  }

  /**
   * A resource that another one links to. Null where there is no link, or where the BMC answers 404 although it gave
   * the link itself: then with a warning.
   *
   * @throws RedfishError for any other failure; or the signal's reason
   */
  async follow(link: string | null): Promise<Resource | null> {
    if (link === null) return null
    try {
      // Some services leave out a resource's own path, which stands in for an Id where that is missing too.
      return { '@odata.id': link, ...(await this.client.get(link)) }
    } catch (error) {
      if (!(error instanceof RedfishError) || error.code !== 'ERR_REDFISH_NOT_FOUND') throw error
      this.warn(`${error.resource ?? link} is left out: the BMC links to it, and then answers 404 Not Found`)
      return null
    }
  }
}
