export { answerHealth, type HealthOptions } from './answer-health.ts'
export { databaseUrlFlag, listenFlag } from './common-flags.ts'
export { programDatabase, type ProgramDatabase, type ProgramDatabaseOptions } from './database.ts'
export { StartupError, UsageError } from './errors.ts'
export { failureLine } from './failure-line.ts'
export {
  choiceFlag,
  flag,
  secondsFlag,
  switchFlag,
  textFlag,
  wholeNumberFlag,
  type Flag,
  type Flags,
  type FlagValues,
} from './flag.ts'
export { startHealthServer, type HealthServer, type HealthServerOptions } from './health-server.ts'
export { listen } from './listen.ts'
export { parseListenAddress, showListenAddress, type ListenAddress } from './listen-address.ts'
export { createLog, type Log, type LogOptions, type LogStream } from './log.ts'
export { logLevels, type LogLevel } from './log-level.ts'
export { openDatabase, type OpenDatabaseOptions } from './open-database.ts'
export {
  openProgramDatabase,
  type OpenProgramDatabase,
  type OpenProgramDatabaseOptions,
} from './open-program-database.ts'
export { programRegistry, startProgramHealth, type ProgramHealth } from './program-health.ts'
export { oneLine, redact, shownAddress } from './redact.ts'
export { runProgram, type ProgramContext, type RunProgramOptions } from './run-program.ts'
export { readSettings, type Environment, type Settings } from './settings.ts'
export { StopRequestedError, stopOnSignals, type Stop } from './stop.ts'
export type { StopSignal, System } from './system.ts'
export { helpText, type Usage } from './usage.ts'
