import { project } from '../../vitest.project.ts'

export default project({ name: 'dev-stack', include: ['test/**/*.test.ts'], testTimeout: 20_000, hookTimeout: 60_000 })
