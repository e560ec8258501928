import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'
import { EmbeddedDatabaseError } from './errors.ts'

/** Below the range from which systems draw the local ports of outgoing connections, so that it stays free between runs. */
const FIRST_PORT = 20_000
const LAST_PORT = 32_000

/** Whether nobody listens on that port of 127.0.0.1 now. */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)))
  })
}

/** A port of 127.0.0.1 that nobody listens on now. */
export async function chooseFreePort(): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const port = randomInt(FIRST_PORT, LAST_PORT)
    if (await isPortFree(port)) return port
  }
  throw new EmbeddedDatabaseError('ERR_EMBEDDED_PORT', `No free port between ${FIRST_PORT} and ${LAST_PORT} was found`)
}
