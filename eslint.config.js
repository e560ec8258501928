import nx from '@nx/eslint-plugin'
import { defineConfig, globalIgnores } from 'eslint/config'
import tseslint from 'typescript-eslint'

export default defineConfig(
  globalIgnores(['**/dist/**', '**/node_modules/**', '**/generated/**', '.nx/**', '.bmdb/**', 'tools/bench/**']),
  ...tseslint.configs.recommendedTypeChecked.map((config) => ({ ...config, files: ['**/*.{ts,tsx}'] })),
  {
    files: ['**/*.{ts,tsx}'],
    languageOptions: { parserOptions: { project: 'tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    plugins: { '@nx': nx },
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        {
          // Two helpers of the tests; to Nx, what is no library is an app.
          allow: ['@bmdb/test/setup', '@bmdb/test/structure'],
          banTransitiveDependencies: true,
          depConstraints: [
            { sourceTag: 'type:lib', onlyDependOnLibsWithTags: ['type:lib'] },
            { sourceTag: 'type:tool', onlyDependOnLibsWithTags: ['type:lib', 'type:tool'] },
            { sourceTag: 'type:app', onlyDependOnLibsWithTags: ['type:lib', 'type:tool'] },
            { sourceTag: 'type:test', onlyDependOnLibsWithTags: ['type:lib', 'type:tool', 'type:app', 'type:test'] },
          ],
        },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // Without await, `using` ends a limit before what it limits.
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      // A sum that awaits its summand loses what others added meanwhile.
      'require-atomic-updates': ['error', { allowProperties: true }],
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/only-throw-error': 'off',
      '@typescript-eslint/prefer-promise-reject-errors': 'off',
    },
  },
  // What runs in the browser has types of its own.
  {
    files: ['apps/console/web/**/*.{ts,tsx}'],
    languageOptions: {
      parserOptions: { project: 'apps/console/web/tsconfig.json', tsconfigRootDir: import.meta.dirname },
    },
  },
  // The core's generated code is imported in two files: the client's and the migrations'.
  {
    files: ['packages/**/*.ts'],
    rules: { 'no-restricted-imports': ['error', { patterns: ['**/generated/*', '**/generated/prisma/*'] }] },
  },
  {
    files: ['packages/bmdb-core/src/prisma.ts', 'packages/bmdb-core/src/migration/migration-file.ts'],
    rules: { 'no-restricted-imports': 'off' },
  },
  // All projects' tests are configured by one file at the root.
  { files: ['**/vitest.config.ts'], rules: { '@nx/enforce-module-boundaries': 'off' } },
  // main.ts alone touches the process, config.ts alone reads the environment.
  {
    files: ['apps/*/src/**/*.ts', 'packages/*/src/**/*.ts', 'tools/*/src/**/*.ts'],
    ignores: ['**/main.ts', '**/config.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        { name: 'process', message: 'main.ts alone touches the process, config.ts alone reads the environment.' },
      ],
    },
  },
)
