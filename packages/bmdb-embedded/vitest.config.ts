import { project } from '../../vitest.project.ts'

export default project({ name: 'embedded', include: ['test/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 60_000 })
