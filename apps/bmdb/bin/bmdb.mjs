#!/usr/bin/env node
// npm links commands when it installs, before anything was built: this file is there by then.
import { existsSync } from 'node:fs'

if (existsSync(new URL('../dist/main.js', import.meta.url))) {
  await import('../dist/main.js')
} else {
  console.error('error: bmdb is not built yet: run npx nx run cli:build (npm start and npm run build do so, too)')
  process.exitCode = 1
}
