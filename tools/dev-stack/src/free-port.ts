import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'

/**
 * A port on loopback that is free: the wanted one, or any other where somebody has it.
 * @param wanted - 0 to 65535; 0 is any free one
 * @param say - told, in one line, that the wanted one is taken
 */
export async function freePort(wanted: number, say: (line: string) => void): Promise<number> {
  const server = createServer()
  try {
    server.listen(wanted, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (wanted === 0 || (code !== 'EADDRINUSE' && code !== 'EACCES')) throw error
    const port = await freePort(0, say)
    say(`port ${wanted} ${code === 'EACCES' ? 'may not be used' : 'is taken'}: the console takes ${port}`)
    return port
  } finally {
    server.close()
  }
}
