import { version } from '@bmdb/core'
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { HealthOptions } from './answer-health.ts'
import { startHealthServer } from './health-server.ts'
import type { ListenAddress } from './listen-address.ts'
import type { ProgramContext } from './run-program.ts'

/** A program's metrics and health, told over HTTP where it listens. */
export interface ProgramHealth extends HealthOptions, AsyncDisposable {
  /** Where they are told, such as `http://127.0.0.1:9464`; undefined where the program does not listen. */
  readonly url: string | undefined
  /** Stops listening. Twice is harmless. */
  close(): Promise<void>
}

/**
 * Begins to tell a program's metrics and health, and says where; where `--listen` was not given nobody is told. To be
 * called before the database is opened, so that who asks meanwhile gets an answer.
 * @param reasons - why the program is not ready, a sentence each; none if it is. Not asked once it is to stop
 * @throws StartupError if it cannot listen there
 */
export async function startProgramHealth(
  context: Pick<ProgramContext<{ readonly listen: ListenAddress | undefined }>, 'name' | 'settings' | 'log' | 'signal'>,
  reasons: HealthOptions['notReady'],
): Promise<ProgramHealth> {
  const { listen } = context.settings
  const notReady = (): ReturnType<typeof reasons> => (context.signal.aborted ? ['it was asked to stop'] : reasons())
  if (listen === undefined) {
    const close = async (): Promise<void> => {}
    // Without Node's own metrics: gathering them costs something.
    return { registry: new Registry(), notReady, url: undefined, close, [Symbol.asyncDispose]: close }
  }
  const health = { registry: programRegistry(context.name, notReady), notReady }
  const server = await startHealthServer({ ...health, listen })
  const { url } = server
  context.log.info('telling metrics and health', { url })
  const close = (): Promise<void> => server.close()
  return { ...health, url, close, [Symbol.asyncDispose]: close }
}

/**
 * A registry with what every program tells: its version, whether it is ready, and Node's own metrics. For programs with a
 * server of their own; others have `startProgramHealth`.
 * @param program - the program's name, such as `gc`
 * @param notReady - asked whenever metrics are read
 */
export function programRegistry(program: string, notReady: HealthOptions['notReady']): Registry {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  new Gauge({
    name: 'bmdb_build_info',
    help: 'Always 1: which program this is, and of which version of BMDB',
    labelNames: ['version', 'program'],
    registers,
  }).set({ version, program }, 1)
  new Gauge({
    name: 'bmdb_ready',
    help: 'Whether the program is ready, as /readyz has it: 1 or 0',
    registers,
    async collect() {
      this.set((await isReady(notReady)) ? 1 : 0)
    },
  })
  return registry
}

/** Who cannot tell is not ready; all other metrics are told nevertheless. */
async function isReady(notReady: HealthOptions['notReady']): Promise<boolean> {
  try {
    return (await notReady()).length === 0
  } catch {
    return false
  }
}
