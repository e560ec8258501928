import { chmod } from 'node:fs/promises'
import { readSettings, UsageError } from '@bmdb/program'
import { expect, test } from 'vitest'
import { accessOf } from '../src/access/access-of.ts'
import { isLoopbackHostHeader } from '../src/access/loopback.ts'
import { parseTrustedProxies } from '../src/access/trusted-proxies.ts'
import { usage, type ConsoleSettings } from '../src/config.ts'
import { nextPath } from '../src/pages/next-path.ts'
import { annsToken, bobsToken, writeTokens } from './setup.ts'

const access = (flags: readonly string[], userName: string | undefined = 'tester') =>
  accessOf(readSettings(usage, flags, {}) as ConsoleSettings, { userName, fileModes: true, nowMs: () => 0 })

test('without flags it listens on loopback, without authentication, for looking only', () => {
  expect(readSettings(usage, [], {})).toMatchObject({
    listen: { host: '127.0.0.1', port: 9460 },
    auth: 'none',
    role: undefined,
    logLevel: 'info',
  })
  expect(access([]).description).toBe('everybody on this machine is tester, viewer')
  expect(access(['--role=operator', '--operator=ann']).description).toBe('everybody on this machine is ann, operator')
})

test('every setting can come from the environment', () => {
  const env = {
    BMDB_LISTEN: '[::1]:1',
    BMDB_CONSOLE_AUTH: 'header',
    BMDB_CONSOLE_IDENTITY_HEADER: 'X-Who',
    BMDB_CONSOLE_OPERATORS: 'ann, bob@example.org',
    BMDB_CONSOLE_TRUSTED_PROXIES: '10.0.0.0/8',
  }
  expect(readSettings(usage, [], env)).toMatchObject({
    listen: { host: '::1', port: 1 },
    auth: 'header',
    identityHeader: 'X-Who',
    operators: ['ann', 'bob@example.org'],
  })
})

test.each([
  [['--listen=0.0.0.0:1'], '--auth none would let everybody in who reaches 0.0.0.0'],
  [['--listen=[::]:1'], '--auth none would let everybody in who reaches ::'],
  [['--listen=db.example.org:1'], '--auth none would let everybody in who reaches db.example.org'],
  [['--auth=token'], '--auth token needs --tokens-file'],
  [['--auth=token', '--role=operator'], '--role goes with --auth none, not with --auth token'],
  [['--auth=header', '--operator=ann'], '--operator goes with --auth none, not with --auth header'],
  [['--tokens-file=x'], '--tokens-file goes with --auth token, not with --auth none'],
  [['--operators=ann'], '--operators goes with --auth header, not with --auth none'],
  [['--identity-header=X-Who'], '--identity-header goes with --auth header, not with --auth none'],
  [['--operator=a,b'], '--operator must be a name'],
  [['--operators=ann,,bob', '--auth=header'], '--operators is "ann,,bob", it must be names with commas in between'],
  [['--trusted-proxies=10.0.0.0/33'], '--trusted-proxies is "10.0.0.0/33", it must be addresses or CIDR blocks'],
  [['--trusted-proxies=proxy'], '--trusted-proxies is "proxy", it must be addresses or CIDR blocks'],
  [['--auth=some'], '--auth is "some", it must be one of none, token, header'],
])('%j is refused in one line', (flags, message) => {
  expect(() => access(flags)).toThrow(UsageError)
  expect(() => access(flags)).toThrow(message)
})

test.each(['127.0.0.1:1', '127.8.9.10:1', 'localhost:1', '[::1]:1'])('%s is loopback', (address) => {
  expect(access([`--listen=${address}`]).description).toContain('everybody on this machine')
})

test('a user without a name has to give one', () => {
  expect(() =>
    accessOf(readSettings(usage, [], {}) as ConsoleSettings, { userName: undefined, fileModes: true, nowMs: () => 0 }),
  ).toThrow('say who acts with --operator')
})

test('a file of tokens may have comments and empty lines', async () => {
  const path = await writeTokens(`# people\n\nann operator ${annsToken}\r\n  bob  viewer\t${bobsToken}\n`)
  expect(access(['--auth=token', `--tokens-file=${path}`]).description).toBe('2 people have tokens')
})

test.each([
  ['', 'has no line NAME ROLE TOKEN'],
  ['# nobody\n', 'has no line NAME ROLE TOKEN'],
  [`ann operator\n`, 'line 1 of PATH is not NAME ROLE TOKEN'],
  [`# x\nann operator ${annsToken} more\n`, 'line 2 of PATH is not NAME ROLE TOKEN'],
  [`ann owner ${annsToken}\n`, 'line 1 of PATH has a role that is neither viewer nor operator'],
  [`a,n operator ${annsToken}\n`, 'line 1 of PATH has a name that is not 1 to 128 plain characters'],
  [`ann operator ${annsToken.slice(0, 23)}\n`, 'line 1 of PATH has a token of 23 characters: it must have 24 to 512'],
  [`ann operator ${annsToken}é\n`, 'line 1 of PATH has a token with other than printable ASCII characters'],
  [`ann operator ${annsToken}\nbob viewer ${annsToken}\n`, 'line 2 of PATH has the token of line 1'],
  [`ann operator ${annsToken}\n\nann viewer ${bobsToken}\n`, 'line 3 of PATH has the name of line 1'],
])('a file of tokens %j is refused, and no token told', async (text, message) => {
  const path = await writeTokens(text)
  let told = ''
  try {
    access(['--auth=token', `--tokens-file=${path}`])
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError)
    told = (error as Error).message
  }
  expect(told).toContain(message.replace('PATH', path))
  expect(told).not.toContain('0123456789')
})

test('a file of tokens that others may read, or that is not there, is refused', async () => {
  for (const mode of [0o640, 0o604, 0o620]) {
    const path = await writeTokens(`ann operator ${annsToken}\n`)
    await chmod(path, mode)
    expect(() => access(['--auth=token', `--tokens-file=${path}`])).toThrow(`others may read ${path} or write it`)
  }
  expect(() => access(['--auth=token', '--tokens-file=/nowhere/tokens'])).toThrow(
    '--tokens-file: /nowhere/tokens cannot be read (ENOENT)',
  )
})

test('proxies are trusted by address, IPv4 also where it arrives at an IPv6 socket', () => {
  const trusted = parseTrustedProxies('10.0.0.0/8, ::1')!
  const asked = ['10.1.2.3', '::ffff:10.1.2.3', '11.0.0.1', '::1', '::2', 'x', undefined]
  expect(asked.map((address) => trusted.includes(address))).toEqual([true, true, false, true, false, false, false])
})

test.each([
  ['localhost', true],
  ['LOCALHOST:9460', true],
  ['127.0.0.1:1', true],
  ['[::1]:9460', true],
  ['evil.example.org', false],
  ['localhost.evil.example.org:9460', false],
  ['127.0.0.1.evil.example.org', false],
  ['10.0.0.1', false],
  ['localhost@evil.example.org', false],
  ['', false],
])('the host %j is this machine: %s', (header, is) => {
  expect(isLoopbackHostHeader(header)).toBe(is)
})

test.each([
  ['/machines?search=a%20b#x', '/machines?search=a%20b#x'],
  ['/', '/'],
  ['//evil.example.org', '/'],
  ['/\\evil.example.org', '/'],
  ['/\t/evil.example.org', '/'],
  ['/./\\evil.example.org', '/'],
  ['/..//evil.example.org', '/'],
  ['https://evil.example.org', '/'],
  ['javascript:alert(1)', '/'],
  ['machines', '/'],
  ['/login?next=/login', '/'],
  ['/api/v1/me', '/'],
  [['/a', '/b'], '/'],
  [undefined, '/'],
])('after the login, %j leads to %s', (asked, path) => {
  expect(nextPath(asked)).toBe(path)
})
