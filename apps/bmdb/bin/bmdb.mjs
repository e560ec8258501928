#!/usr/bin/env node
// npm links commands when it installs, before anything was built: this file is there by then.
await import('../dist/main.js')
