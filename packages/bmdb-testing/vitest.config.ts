import { defaultServerConditions } from 'vite'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  ssr: { resolve: { conditions: ['@bmdb/source', ...defaultServerConditions] } },
  test: {
    name: 'testing',
    include: ['test/**/*.test.ts'],
    // One process runs many files: each has databases of its own, and loading everything anew took longer than the tests.
    isolate: false,
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
})
