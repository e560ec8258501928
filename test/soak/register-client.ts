import { Agent, request } from 'node:http'

const limitMs = 5_000

/** Writes to the register with the token of the work. */
export class RegisterClient {
  readonly #url: string
  readonly #holder: string
  readonly #agent = new Agent({ keepAlive: true })

  constructor(url: string, holder: string) {
    this.#url = url
    this.#holder = holder
  }

  /** A write that is refused is no error: whoever wrote was late, and was kept from doing harm. */
  async write({ machineId, token }: { readonly machineId: string; readonly token: bigint }): Promise<void> {
    const body = JSON.stringify({ machineId, token: String(token), holder: this.#holder })
    await new Promise<void>((resolve, reject) => {
      const signal = AbortSignal.timeout(limitMs)
      const sent = request(this.#url, { method: 'POST', agent: this.#agent, signal }, (response) =>
        response.resume().once('end', resolve).once('error', reject),
      )
      sent.once('error', reject).end(body)
    })
  }

  close(): void {
    this.#agent.destroy()
  }
}
