import { project } from '../../vitest.project.ts'

export default project({
  name: 'program',
  include: ['test/**/*.test.ts'],
  isolate: false,
  testTimeout: 20_000,
  hookTimeout: 60_000,
})
