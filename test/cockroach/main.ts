// npm run test:cockroach [-- --image IMAGE]: runs the core's database tests on CockroachDB in a container.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { GenericContainer, getContainerRuntimeClient, Wait } from 'testcontainers'

const help = `Runs the database tests of @bmdb/core on CockroachDB in a container (needs Docker).

usage: npm run test:cockroach [-- --image IMAGE]

  --image IMAGE   default cockroachdb/cockroach:latest-v25.4
`

process.exitCode = await main()

async function main(): Promise<number> {
  let image: string
  try {
    const { values } = parseArgs({
      options: {
        image: { type: 'string', default: 'cockroachdb/cockroach:latest-v25.4' },
        help: { type: 'boolean', default: false },
      },
    })
    if (values.help) {
      console.log(help)
      return 0
    }
    image = values.image
  } catch (error) {
    console.error(`test:cockroach: ${(error as Error).message.split('\n')[0]} (see --help)`)
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
  console.log(`test:cockroach: starting ${image}`)
  const container = await new GenericContainer(image)
    .withCommand(['start-single-node', '--insecure', '--store=type=mem,size=0.25', '--http-addr=0.0.0.0:8080'])
    .withExposedPorts(26257, 8080)
    .withWaitStrategy(Wait.forHttp('/health?ready=1', 8080))
    .withStartupTimeout(120_000)
    .start()
  try {
    const url = `postgresql://root@${container.getHost()}:${container.getMappedPort(26257)}/defaultdb`
    return await runTests(url)
  } finally {
    await container.stop()
  }
}

function runTests(url: string): Promise<number> {
  const root = join(import.meta.dirname, '../..')
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const child = spawn(process.execPath, [vitest, 'run', '--project', 'core', '--maxWorkers', '2'], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, BMDB_TEST_DATABASE_URL: url },
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code) => resolve(code ?? 1))
  })
}
