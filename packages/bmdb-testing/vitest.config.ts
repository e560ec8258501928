import { project } from '../../vitest.project.ts'

export default project({
  name: 'testing',
  include: ['test/**/*.test.ts'],
  // One process runs many files: each has databases of its own, and loading everything anew took longer than the tests.
  isolate: false,
  testTimeout: 20_000,
  hookTimeout: 60_000,
})
