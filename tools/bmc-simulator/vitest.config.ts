import { project } from '../../vitest.project.ts'

export default project({
  name: 'bmc-simulator',
  include: ['test/**/*.test.ts'],
  isolate: false,
  testTimeout: 20_000,
  hookTimeout: 60_000,
})
