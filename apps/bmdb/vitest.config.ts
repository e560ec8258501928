import { defaultServerConditions } from 'vite'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  ssr: { resolve: { conditions: ['@bmdb/source', ...defaultServerConditions] } },
  test: { name: 'cli', include: ['test/**/*.test.ts'], isolate: false, testTimeout: 60_000, hookTimeout: 60_000 },
})
