import { project } from '../../vitest.project.ts'

export default project({ name: 'db', include: ['test/**/*.test.ts'], testTimeout: 20_000, hookTimeout: 60_000 })
