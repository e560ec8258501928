import { project } from '../../vitest.project.ts'

export default project({
  name: 'console',
  include: ['test/**/*.test.ts'],
  isolate: false,
  testTimeout: 60_000,
  hookTimeout: 60_000,
})
