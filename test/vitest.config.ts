import { project } from '../vitest.project.ts'

export default project({
  name: 'test',
  include: ['**/*.test.ts'],
  // A project of its own.
  exclude: ['**/node_modules/**', 'conformance/**'],
  isolate: false,
  testTimeout: 20_000,
  hookTimeout: 60_000,
})
