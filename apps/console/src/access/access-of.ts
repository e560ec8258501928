import { UsageError } from '@bmdb/program'
import type { ConsoleSettings } from '../config.ts'
import type { Access } from './access.ts'
import { CsrfTokens } from './csrf.ts'
import { headerAuth } from './header-auth.ts'
import { isLoopback } from './loopback.ts'
import { isName } from './names.ts'
import { noAuth } from './no-auth.ts'
import { tokenAuth } from './token-auth.ts'
import { readTokensFile } from './tokens-file.ts'

/** What settings alone do not say. */
export interface AccessSurroundings {
  /** The name of the user who started the program. */
  readonly userName: string | undefined
  /** Files tell who may read them: not on Windows. */
  readonly fileModes: boolean
  /** A monotonic clock. */
  readonly nowMs: () => number
}

/** Which settings belong to which way of knowing people: given with another one they would be ignored. */
const belongTo = [
  ['role', '--role', 'none'],
  ['operator', '--operator', 'none'],
  ['tokensFile', '--tokens-file', 'token'],
  ['identityHeader', '--identity-header', 'header'],
  ['operators', '--operators', 'header'],
] as const

/**
 * How it is known who asks, by the settings.
 * @throws UsageError where they do not go together, or nobody could tell who acts
 */
export function accessOf(settings: ConsoleSettings, around: AccessSurroundings): Access {
  const { auth, listen } = settings
  for (const [key, flag, itsAuth] of belongTo)
    if (settings[key] !== undefined && auth !== itsAuth)
      throw new UsageError(`${flag} goes with --auth ${itsAuth}, not with --auth ${auth}`)
  const csrf = new CsrfTokens()
  if (auth === 'token') {
    if (settings.tokensFile === undefined) throw new UsageError('--auth token needs --tokens-file')
    return tokenAuth(readTokensFile(settings.tokensFile, around.fileModes), csrf, around.nowMs)
  }
  if (auth === 'header')
    return headerAuth({
      header: settings.identityHeader ?? 'X-Forwarded-User',
      operators: settings.operators ?? [],
      trustedProxies: settings.trustedProxies,
      csrf,
    })
  if (!isLoopback(listen.host))
    throw new UsageError(
      `--auth none would let everybody in who reaches ${listen.host}: listen on 127.0.0.1, or choose --auth token or header`,
    )
  const name = settings.operator ?? around.userName ?? ''
  if (name === '') throw new UsageError('this user has no name: say who acts with --operator')
  if (settings.operator !== undefined && !isName(name))
    throw new UsageError('--operator must be a name of 1 to 128 plain characters')
  return noAuth(name, settings.role ?? 'viewer', csrf)
}
