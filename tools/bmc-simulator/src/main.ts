import { FlagError, HELP, parseFlags } from './flags.ts'
import { startRack, type Rack, type RackOptions } from './rack.ts'

async function main(): Promise<void> {
  const options = readFlags()
  if (options === null) return
  const rack = await start(options)
  if (rack === null) return
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void rack.close())
  for (const { url, hardware } of rack.bmcs) {
    const what =
      hardware === null ? options.tree : `${hardware.manufacturer} ${hardware.model} ${hardware.serialNumber}`
    process.stdout.write(`${url}  ${what}\n`)
  }
}

function readFlags(): RackOptions | null {
  try {
    const options = parseFlags(process.argv.slice(2))
    if (options === null) process.stdout.write(HELP)
    return options
  } catch (error) {
    if (!(error instanceof FlagError)) throw error
    fail(error.message, 2)
    return null
  }
}

async function start(options: RackOptions): Promise<Rack | null> {
  try {
    return await startRack(options)
  } catch (error) {
    fail((error as Error).message, 1)
    return null
  }
}

function fail(message: string, exitCode: number): void {
  process.stderr.write(`bmc-simulator: ${message}\n`)
  process.exitCode = exitCode
}

await main()
