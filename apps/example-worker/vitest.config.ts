import { project } from '../../vitest.project.ts'

export default project({
  name: 'example-worker',
  include: ['test/**/*.test.ts'],
  isolate: false,
  testTimeout: 20_000,
  hookTimeout: 60_000,
})
