import { userInfo } from 'node:os'
import process from 'node:process'
import {
  choiceFlag,
  databaseUrlFlag,
  flag,
  listenFlag,
  textFlag,
  type Environment,
  type Flags,
  type ListenAddress,
  type Settings,
  type Usage,
} from '@bmdb/program'
import { parseNames } from './access/names.ts'
import { loopbackProxies, parseTrustedProxies, type TrustedProxies } from './access/trusted-proxies.ts'

/** The environment that settings are read from, where flags do not say otherwise. */
export const environment: Environment = process.env

/** The name of the user who started the program; undefined where the system has none. */
export function osUserName(): string | undefined {
  try {
    return userInfo().username
  } catch {
    return undefined
  }
}

/** What the console is and takes. */
export const usage = {
  name: 'console',
  summary: 'the console of BMDB: a fleet in the browser, and an HTTP API under /api/v1',
  command: 'npx nx run console:serve --',
  flags: {
    listen: flag<ListenAddress, ListenAddress>({
      ...listenFlag,
      placeholder: 'HOST:PORT',
      meaning: 'where it serves the console, /api/v1, /metrics, /healthz and /readyz; port 0 is any free one',
      environmentVariable: 'BMDB_LISTEN',
      fallback: { host: '127.0.0.1', port: 9460 },
      fallbackText: '127.0.0.1:9460',
    }),
    auth: choiceFlag({
      meaning: 'how people are known: none (on loopback only), token (each has one), header (a proxy says who)',
      placeholder: 'HOW',
      choices: ['none', 'token', 'header'],
      fallback: 'none',
      environmentVariable: 'BMDB_CONSOLE_AUTH',
    }),
    role: flag<'viewer' | 'operator', undefined>({
      meaning: 'with --auth none: viewer looks, operator acts',
      placeholder: 'ROLE',
      expected: 'one of viewer, operator',
      fallback: undefined,
      fallbackText: 'viewer',
      environmentVariable: 'BMDB_CONSOLE_ROLE',
      parse: (text) => (text === 'viewer' || text === 'operator' ? text : undefined),
    }),
    operator: textFlag({
      meaning: 'with --auth none: who acts, as the history keeps it',
      placeholder: 'NAME',
      fallback: undefined,
      fallbackText: 'the name of the user',
      environmentVariable: 'BMDB_CONSOLE_OPERATOR',
      maximumLength: 128,
    }),
    tokensFile: textFlag({
      meaning: 'with --auth token: a file with a line NAME ROLE TOKEN for everybody, which nobody else may read',
      placeholder: 'PATH',
      fallback: undefined,
      environmentVariable: 'BMDB_CONSOLE_TOKENS_FILE',
      maximumLength: 4_096,
    }),
    identityHeader: flag<string, undefined>({
      meaning: 'with --auth header: the header in which the proxy says who asks',
      placeholder: 'NAME',
      expected: 'the name of a header, such as X-Forwarded-User',
      fallback: undefined,
      fallbackText: 'X-Forwarded-User',
      environmentVariable: 'BMDB_CONSOLE_IDENTITY_HEADER',
      parse: (text) => (/^[A-Za-z][A-Za-z0-9-]{0,63}$/.test(text) ? text : undefined),
    }),
    operators: flag<readonly string[], undefined>({
      meaning: 'with --auth header: who may act; everybody else looks',
      placeholder: 'NAMES',
      expected: 'names with commas in between',
      fallback: undefined,
      fallbackText: 'nobody',
      environmentVariable: 'BMDB_CONSOLE_OPERATORS',
      parse: parseNames,
    }),
    trustedProxies: flag<TrustedProxies, TrustedProxies>({
      meaning: 'from where the identity header and X-Forwarded-For, -Host and -Proto are believed',
      placeholder: 'CIDRS',
      expected: 'addresses or CIDR blocks with commas in between, such as 10.0.0.0/8,fd00::/8',
      fallback: loopbackProxies,
      fallbackText: '127.0.0.1/32,::1/128',
      environmentVariable: 'BMDB_CONSOLE_TRUSTED_PROXIES',
      parse: parseTrustedProxies,
    }),
    databaseUrl: databaseUrlFlag,
  },
  examples: [
    ['npx nx run console:serve', 'looks at the embedded database, at http://127.0.0.1:9460'],
    ['npx nx run console:serve -- --role operator', 'acts too, in the name of the user'],
    [
      'npx nx run console:serve -- --listen 0.0.0.0:9460 --auth token --tokens-file /etc/bmdb/tokens',
      'for several people, each with a token',
    ],
    [
      'npx nx run console:serve -- --auth header --operators ann,bob',
      'behind a proxy on this machine, which knows who asks',
    ],
  ],
} satisfies Usage<Flags>

/** The console's checked settings. */
export type ConsoleSettings = Settings<typeof usage.flags>
