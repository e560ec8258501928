import type { Socket } from 'node:net'
import { ClientMessages } from './client-messages.ts'
import type { ServerError } from './fault.ts'
import { encryptionRefused, errorResponse } from './messages.ts'

/** Hears who a client is, and answers with an error that ends the connection, as a server does that lets nobody in. */
export function turnAway(client: Socket, error: ServerError): void {
  const messages = new ClientMessages()
  client.on('error', () => {})
  // The listener leaves it half open.
  client.on('end', () => client.end())
  client.on('data', (chunk) => {
    for (const { kind } of messages.push(chunk)) {
      if (kind === 'encryption') client.write(encryptionRefused)
      else if (kind === 'startup') client.end(errorResponse({ ...error, severity: 'FATAL' }))
      else client.destroy()
    }
  })
}
