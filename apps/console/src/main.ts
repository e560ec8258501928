import process from 'node:process'
import { runProgram } from '@bmdb/program'
import { environment, usage } from './config.ts'
import { serve } from './serve.ts'

const argv = process.argv.slice(2)
process.exit(await runProgram({ usage, argv, env: environment, system: process, main: serve }))
