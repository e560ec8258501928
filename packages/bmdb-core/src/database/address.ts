import { parseIntoClientConfig } from 'pg-connection-string'
import type { ClientConfig } from 'pg'
import { InvalidArgumentError } from '../errors.ts'

/** A database URL, taken apart. The password stays inside `config`, which is never shown. */
export interface Address {
  readonly config: ClientConfig
  /** `host:port/database`: what may be shown. */
  readonly shown: string
}

/**
 * Takes a database URL apart.
 * @throws InvalidArgumentError when it is not one; the message does not repeat it, since it may hold a password
 */
export function parseAddress(databaseUrl: unknown): Address {
  if (typeof databaseUrl !== 'string' || databaseUrl === '')
    throw new InvalidArgumentError(
      `databaseUrl is ${databaseUrl === '' ? 'empty' : typeof databaseUrl}, it must be a URL such as ` +
        'postgresql://user:password@host:5432/database',
    )
  let scheme: string
  let config: ClientConfig
  try {
    scheme = new URL(databaseUrl).protocol
    config = parseIntoClientConfig(databaseUrl)
  } catch {
    throw new InvalidArgumentError(
      'databaseUrl cannot be read as a URL such as postgresql://user:password@host:5432/database ' +
        '(characters like @ : / ? # in a password must be percent-encoded)',
    )
  }
  if (scheme !== 'postgresql:' && scheme !== 'postgres:')
    throw new InvalidArgumentError(
      `databaseUrl begins with ${scheme}//, it must begin with postgresql:// or postgres://`,
    )
  if (config.database === undefined || config.database === null || config.database === '')
    throw new InvalidArgumentError('databaseUrl names no database: it must end in /name')
  return { config, shown: `${config.host ?? 'localhost'}:${config.port ?? 5432}/${config.database}` }
}
