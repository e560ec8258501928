// npm run test:cockroach [-- --image IMAGE] [--core]: runs the conformance suite on CockroachDB in a container.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { GenericContainer, getContainerRuntimeClient, Wait, type StartedTestContainer } from 'testcontainers'

const help = `Runs the conformance suite on CockroachDB in a container (needs Docker). Not yet run.

usage: npm run test:cockroach [-- --image IMAGE] [--core]

  --image IMAGE   default cockroachdb/cockroach:latest-v25.4
  --core          also the database tests of @bmdb/core; some of them ask PostgreSQL for its own views, and fail
`

process.exitCode = await main()

async function main(): Promise<number> {
  let settings: { image: string; core: boolean }
  try {
    const { values } = parseArgs({
      options: {
        image: { type: 'string', default: 'cockroachdb/cockroach:latest-v25.4' },
        core: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
    if (values.help) {
      console.log(help)
      return 0
    }
    settings = values
  } catch (error) {
    console.error(`test:cockroach: ${firstLine(error)} (see --help)`)
    return 2
  }
  try {
    await getContainerRuntimeClient()
  } catch {
    console.error(
      'test:cockroach: no Docker was found here; CockroachDB runs in a container, so start Docker and try again',
    )
    return 1
  }
  console.log(`test:cockroach: starting ${settings.image}`)
  let container: StartedTestContainer
  try {
    container = await new GenericContainer(settings.image)
      .withCommand(['start-single-node', '--insecure', '--store=type=mem,size=0.25', '--http-addr=0.0.0.0:8080'])
      .withExposedPorts(26257, 8080)
      .withWaitStrategy(Wait.forHttp('/health?ready=1', 8080))
      .withStartupTimeout(120_000)
      .start()
  } catch (error) {
    console.error(`test:cockroach: ${settings.image} did not start: ${firstLine(error)}`)
    return 1
  }
  try {
    const url = `postgresql://root@${container.getHost()}:${container.getMappedPort(26257)}/defaultdb`
    return await runTests(url, settings.core ? ['conformance', 'core'] : ['conformance'])
  } finally {
    await container.stop()
  }
}

function runTests(url: string, projects: readonly string[]): Promise<number> {
  const root = join(import.meta.dirname, '../..')
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const chosen = projects.flatMap((project) => ['--project', project])
  const child = spawn(process.execPath, [vitest, 'run', ...chosen, '--maxWorkers', '2'], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, BMDB_TEST_DATABASE_URL: url },
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code) => resolve(code ?? 1))
  })
}

function firstLine(error: unknown): string {
  return (error as Error).message.split('\n')[0]!
}
