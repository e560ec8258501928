import process from 'node:process'
import { runProgram } from '@bmdb/program'
import { collect } from './collect.ts'
import { environment, usage } from './config.ts'

const argv = process.argv.slice(2)
process.exit(await runProgram({ usage, argv, env: environment, system: process, main: collect }))
