import { env } from 'node:process'
import { defaultServerConditions } from 'vite'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { project } from './vitest.project.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Whether what was built is fresh, and starts faster than the sources. */
    readonly built: boolean
  }
}

// CI asks for the counts as a file besides the usual lines.
const report = env['BMDB_TEST_REPORT']

// Files that take longest begin first, or the last of them would run alone. (By itself Vitest goes by their size.)
const longest = [
  'soak/soak.test.ts',
  'faults/scenes.test.ts',
  'bmdb/test/exec.test.ts',
  'embedded/test/refusals.test.ts',
  'programs/bad-input.test.ts',
  'faults/injected-faults.test.ts',
  'programs/dev-stack.test.ts',
  'test/lost-answer.test.ts',
  'test/lost-ends.test.ts',
  'bmdb/test/commands.test.ts',
  'worker/test/watching.test.ts',
  'worker/test/two-runners.test.ts',
  'worker/test/stopping.test.ts',
  'worker/test/sessions.test.ts',
  'worker/test/claims.test.ts',
  'worker/test/readme.test.ts',
  'hammer/hammer.test.ts',
  'programs/live-view.test.ts',
  'programs/stopped-worker.test.ts',
  'gc/test/main.test.ts',
  'plans/plans.test.ts',
  'model/model.test.ts',
  'programs/database-outage.test.ts',
  'test/frozen-holder.test.ts',
  'test/fence-interleavings.test.ts',
]

/**
 * A process goes on with the next file where that is of the same project, and loads nothing anew: so each project's files
 * stay together, the longest first. The core, whose files are many and short, comes last, so that all end at one time.
 */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const found = longest.findIndex((end) => moduleId.endsWith(end))
      return found < 0 ? longest.length : found
    }
    const turn = ({ project }: TestSpecification): number =>
      ['test', 'others', 'embedded', 'conformance', 'core'].indexOf(project.name)
    return (await super.sort(files)).sort((one, other) => turn(one) - turn(other) || place(one) - place(other))
  }
}

export default defineConfig(({ mode }) => {
  // Projects do not get to know the mode, and their configurations are read after this.
  if (mode === 'built') env['BMDB_TEST_BUILT'] = 'true'
  return {
    ssr: { resolve: { conditions: ['@bmdb/source', ...defaultServerConditions] } },
    test: {
      globalSetup: 'test/test-server.ts',
      // `npm test` builds first. A project does not get to know the mode.
      provide: { built: mode === 'built' },
      projects: [
        'packages/bmdb-core',
        'packages/bmdb-embedded',
        'test',
        'test/conformance',
        // Many small ones: each by itself would load the same things anew in processes of its own.
        project({
          name: 'others',
          include: [
            'packages/bmdb-{api,program,testing,worker}/test/**/*.test.ts',
            'apps/*/test/**/*.test.ts',
            'tools/{bmc-simulator,db,dev-stack}/test/**/*.test.ts',
          ],
          isolate: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        }),
      ],
      sequence: { sequencer: LongestFirst },
      // Most tests wait for something; CI, which nobody watches, rather takes longer than misses a time bound.
      maxWorkers: env['CI'] === 'true' ? 3 : 4,
      ...(report === undefined ? {} : { reporters: ['default', 'json'], outputFile: { json: report } }),
    },
  }
})
