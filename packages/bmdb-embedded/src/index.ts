export {
  attachEmbeddedDatabase,
  removeEmbeddedDatabase,
  stopEmbeddedDatabase,
  type AttachOptions,
  type EmbeddedDatabase,
} from './attach.ts'
export type { WaitOptions } from './deadline.ts'
export { EmbeddedDatabaseError, type EmbeddedDatabaseErrorCode } from './errors.ts'
export { findWorkspaceDirectory } from './workspace-directory.ts'
export type { DatabaseTemplate } from './template.ts'
export {
  throwAwayDatabases,
  type DatabaseFactory,
  type ThrowAwayDatabase,
  type ThrowAwayOptions,
} from './throw-away.ts'
export { startPrivateServer, type PrivateServer, type PrivateServerOptions } from './private-server.ts'
export type { StopMode } from './server.ts'
