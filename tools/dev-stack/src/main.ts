import { runProgram } from '@bmdb/program'
import { environment, usage } from './config.ts'
import { runStack } from './stack.ts'

// Its terminal was closed: its programs, in groups of their own, would go on. Under nohup there is none.
if (process.stdout.isTTY) process.on('SIGHUP', () => process.emit('SIGTERM', 'SIGTERM'))
// What is written from then on is lost, which is no reason to end before they have.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

process.exit(
  await runProgram({
    usage,
    argv: process.argv.slice(2),
    env: environment,
    system: process,
    main: ({ settings, signal, directory }) =>
      runStack({ settings, signal, directory, environment, stream: process.stdout }),
  }),
)
