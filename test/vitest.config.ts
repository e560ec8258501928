import { defaultServerConditions } from 'vite'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  ssr: { resolve: { conditions: ['@bmdb/source', ...defaultServerConditions] } },
  test: {
    name: 'test',
    include: ['**/*.test.ts'],
    // A project of its own.
    exclude: ['**/node_modules/**', 'conformance/**'],
    isolate: false,
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
})
