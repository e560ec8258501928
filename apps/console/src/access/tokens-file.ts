import { readFileSync, statSync } from 'node:fs'
import { UsageError } from '@bmdb/program'
import { isName } from './names.ts'
import { Tokens } from './tokens.ts'

/** The shortest token: 24 characters, chosen at random, cannot be guessed. */
const shortest = 24
const longest = 512

/**
 * Reads the file of tokens: a line `NAME ROLE TOKEN` for everybody; empty lines and lines that begin with `#` do not count.
 * @throws UsageError naming the line, never a token
 */
export function readTokensFile(path: string, checkMode: boolean): Tokens {
  const text = read(path, checkMode)
  const owners: { name: string; role: 'viewer' | 'operator'; token: string }[] = []
  const lineOf = new Map<string, number>()
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (/^\s*(#|$)/.test(line)) continue
    const number = index + 1
    const refuse = (why: string): never => {
      throw new UsageError(`--tokens-file: line ${number} of ${path} ${why}`)
    }
    const [name = '', role = '', token = '', ...more] = line.trim().split(/\s+/)
    if (token === '' || more.length > 0) refuse('is not NAME ROLE TOKEN')
    if (!isName(name)) refuse('has a name that is not 1 to 128 plain characters')
    if (role !== 'viewer' && role !== 'operator') return refuse('has a role that is neither viewer nor operator')
    if (!/^[\x21-\x7e]+$/.test(token)) refuse('has a token with other than printable ASCII characters')
    if (token.length < shortest || token.length > longest)
      refuse(`has a token of ${token.length} characters: it must have ${shortest} to ${longest}`)
    for (const [what, key] of [
      ['name', `name ${name}`],
      ['token', `token ${token}`],
    ] as const) {
      const before = lineOf.get(key)
      if (before !== undefined) refuse(`has the ${what} of line ${before}: each may be there once`)
      lineOf.set(key, number)
    }
    owners.push({ name, role, token })
  }
  if (owners.length === 0) throw new UsageError(`--tokens-file: ${path} has no line NAME ROLE TOKEN`)
  return new Tokens(owners)
}

function read(path: string, checkMode: boolean): string {
  try {
    const { mode } = statSync(path)
    if (checkMode && (mode & 0o077) !== 0)
      throw new UsageError(`--tokens-file: others may read ${path} or write it: chmod 600 it`)
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof UsageError) throw error
    const { code = 'unknown' } = error as NodeJS.ErrnoException
    throw new UsageError(`--tokens-file: ${path} cannot be read (${code})`, { cause: error })
  }
}
