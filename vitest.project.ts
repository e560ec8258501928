import { env } from 'node:process'
import { defaultServerConditions } from 'vite'
import { defineConfig, type ViteUserConfig } from 'vitest/config'

/**
 * A project of the tests. It takes the workspace's other packages from what was built where that is fresh, which Node
 * loads by itself, and from their sources otherwise; its own sources it always takes as they are.
 */
export function project(test: ViteUserConfig['test']): ViteUserConfig {
  // Told by `npm test` through vitest.config.ts, which every project's configuration is read after.
  const built = env['BMDB_TEST_BUILT'] === 'true'
  return defineConfig({
    ssr: { resolve: { conditions: [...(built ? [] : ['@bmdb/source']), ...defaultServerConditions] } },
    test: { ...test, ...(built ? { server: { deps: { external: [/\/(packages|apps|tools)\/[^/]+\/dist\//] } } } : {}) },
  })
}
