import { userInfo } from 'node:os'
import process from 'node:process'
import type { Environment } from '@bmdb/program'

/** The environment, for settings that options do not say otherwise; commands under `exec` inherit it. */
export const environment: Environment = process.env

/** Settings that the environment has. */
export interface EnvironmentSettings {
  /** BMDB_DATABASE_URL; an empty one counts as none. */
  readonly databaseUrl: string | undefined
  /** NODE_ENV is `production`: there is no embedded database then. */
  readonly production: boolean
}

/** Reads the settings that stand in for options. */
export function settingsOf(env: Environment): EnvironmentSettings {
  const url = env['BMDB_DATABASE_URL']
  return { databaseUrl: url === '' ? undefined : url, production: env['NODE_ENV'] === 'production' }
}

/** The name of the operating system's user: who acts, unless `--operator` says otherwise. */
export function osUserName(): string | undefined {
  try {
    return userInfo().username
  } catch {
    // A user without an entry, as in containers.
    return undefined
  }
}
