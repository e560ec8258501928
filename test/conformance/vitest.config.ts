import { project } from '../../vitest.project.ts'
import { serverUrl } from './config.ts'

export default project({
  name: 'conformance',
  include: ['**/*.test.ts'],
  isolate: false,
  // On another server than the embedded one databases are made and migrated one by one, which takes its time.
  testTimeout: serverUrl === undefined ? 20_000 : 90_000,
  hookTimeout: 60_000,
})
