import { defineConfig } from 'vitest/config'

// CI asks for the counts as a file besides the usual lines.
const report = process.env['BMDB_TEST_REPORT']

export default defineConfig({
  test: {
    projects: [
      'packages/*',
      'apps/*',
      'tools/bmc-simulator',
      'tools/db',
      'tools/dev-stack',
      'test',
      'test/conformance',
    ],
    // Most tests wait for something; CI, which nobody watches, rather takes longer than misses a time bound.
    maxWorkers: process.env['CI'] === 'true' ? 3 : 4,
    ...(report === undefined ? {} : { reporters: ['default', 'json'], outputFile: { json: report } }),
  },
})
