import http from 'node:http'
import https from 'node:https'
import { connectionFailure, type Failure } from './connection-failure.ts'

/** An HTTP answer, read to its end. */
export interface Answer {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly body: Buffer
}

export interface GetOptions {
  /** Keeps connections for the next request; must fit the URL's protocol. */
  readonly agent: http.Agent
  readonly headers: http.OutgoingHttpHeaders
  /** For the whole exchange, connecting included. */
  readonly timeoutMs: number
  /** The largest body that is taken. */
  readonly maximumBytes: number
  readonly insecureTls: boolean
  /** Its abort cuts the connection at once, and its reason is what the call rejects with. */
  readonly signal: AbortSignal
  /** Makes the error to reject with. */
  readonly fail: (failure: Failure) => Error
}

/** One GET, redirects not followed, any status taken. */
export function httpGet(url: URL, options: GetOptions): Promise<Answer> {
  const { signal, fail } = options
  return new Promise<Answer>((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason as Error)
      return
    }
    let request = send(options.agent)
    const timer = setTimeout(() => {
      stop(fail({ code: 'ERR_REDFISH_TIMEOUT', what: `timed out after ${options.timeoutMs / 1000} s` }))
    }, options.timeoutMs)
    const onAbort = () => stop(signal.reason as Error)
    signal.addEventListener('abort', onAbort)
    let ended = false

    function end(): void {
      ended = true
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
    }

    function stop(error: Error): void {
      if (ended) return
      end()
      request.destroy()
      reject(error)
    }

    function send(agent: http.Agent | false): http.ClientRequest {
      const { headers, insecureTls } = options
      const current =
        url.protocol === 'https:'
          ? https.request(url, { agent, headers, rejectUnauthorized: !insecureTls })
          : http.request(url, { agent, headers })
      current.on('error', (error: NodeJS.ErrnoException) => {
        // The BMC may close an idle connection just when it is used again. It has not seen the request then, so that
        // one more try, on a connection of its own, is safe and no retry in the sense of a policy.
        const stale = current.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
        if (stale && agent !== false && !ended) request = send(false)
        else stop(fail(connectionFailure(error)))
      })
      current.on('response', receive)
      current.end()
      return current
    }

    function receive(response: http.IncomingMessage): void {
      const chunks: Buffer[] = []
      let size = 0
      response.on('data', (chunk: Buffer) => {
        size += chunk.length
        chunks.push(chunk)
        if (size <= options.maximumBytes) return
        const what = `an answer larger than ${options.maximumBytes / 1024 / 1024} MiB`
        stop(fail({ code: 'ERR_REDFISH_INVALID_ANSWER', what }))
      })
      response.on('error', (error) => stop(fail(connectionFailure(error))))
      response.on('end', () => {
        end()
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) })
      })
    }
  })
}
