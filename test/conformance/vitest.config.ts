import { defaultServerConditions } from 'vite'
import { defineConfig } from 'vitest/config'
import { serverUrl } from './config.ts'

export default defineConfig({
  ssr: { resolve: { conditions: ['@bmdb/source', ...defaultServerConditions] } },
  test: {
    name: 'conformance',
    include: ['**/*.test.ts'],
    isolate: false,
    // On another server than the embedded one databases are made and migrated one by one, which takes its time.
    testTimeout: serverUrl === undefined ? 20_000 : 90_000,
    hookTimeout: 60_000,
  },
})
