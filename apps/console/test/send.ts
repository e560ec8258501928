import { request, type IncomingHttpHeaders } from 'node:http'

/** With an array, the header is sent as often. */
export type RequestHeaders = Readonly<Record<string, string | readonly string[]>>

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  json<Body = Record<string, unknown>>(): Body
}

/** Sends a request with any headers, also those that `fetch` sets itself; redirections are not followed. */
export function send(url: string, method: string, headers: RequestHeaders = {}, body = ''): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sending = request(url, { method, headers: headers as Record<string, string>, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => (text += part))
      response.once('error', reject)
      response.once('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text,
          json: () => JSON.parse(text) as never,
        }),
      )
    })
    sending.once('error', reject)
    sending.end(body)
  })
}
