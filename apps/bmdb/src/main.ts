import process from 'node:process'
import { environment, osUserName } from './config.ts'
import { run } from './run.ts'

// A reader that has seen enough closes the pipe: what is written then is lost, and that is no failure.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

const code = await run(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  env: environment,
  userName: osUserName(),
  cwd: () => process.cwd(),
  on: (signal, listener) => process.on(signal, listener),
  off: (signal, listener) => process.off(signal, listener),
  exit: (exitCode) => process.exit(exitCode),
  kill: (pid, signal) => process.kill(pid, signal),
})
process.exit(code)
