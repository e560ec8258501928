import { readFileSync } from 'node:fs'
import { startPrivateServer, type PrivateServer } from '@bmdb/embedded'
import { BMDB } from '@bmdb/core'
import { Client } from 'pg'
import { onTestFinished } from 'vitest'

/** A scan of a whole table, in the plan of a statement. */
export interface WholeScan {
  readonly table: string
  readonly statement: string
}

/** A server that writes down the plan of every statement, and never looks at its tables by itself. */
export interface ExplainingServer {
  readonly url: string
  /** Its own statements are not written down. */
  readonly admin: Client
  readonly wholeScans: () => WholeScan[]
  /** For connections from now on. */
  readonly planCacheMode: (mode: 'auto' | 'force_generic_plan') => Promise<unknown>
}

export async function explainingServer(): Promise<ExplainingServer> {
  const server = await startPrivateServer({ durable: false })
  onTestFinished(() => server.close())
  const url = Object.assign(new URL(server.url), { pathname: '/plans' }).href
  const first = await connected(server.url)
  await first.query('ALTER SYSTEM SET autovacuum = off')
  await first.query('SELECT pg_reload_conf()')
  await first.query('CREATE DATABASE plans')
  await (await new BMDB({ databaseUrl: url, componentName: 'test' }).open({ migrate: true })).close()
  for (const setting of [
    "session_preload_libraries = 'auto_explain'",
    'auto_explain.log_min_duration = 0',
    "auto_explain.log_format = 'json'",
  ])
    await first.query(`ALTER DATABASE plans SET ${setting}`)
  const admin = await connected(url)
  await admin.query('SET auto_explain.log_min_duration = -1')
  const from = readFileSync(server.logFile).length
  return {
    url,
    admin,
    wholeScans: () => scansIn(logOf(server, from)),
    planCacheMode: (mode) => first.query(`ALTER DATABASE plans SET plan_cache_mode = ${mode}`),
  }
}

async function connected(url: string): Promise<Client> {
  const client = new Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  onTestFinished(() => client.end().catch(() => {}))
  return client
}

function logOf(server: PrivateServer, from: number): string {
  return readFileSync(server.logFile).subarray(from).toString('utf8')
}

interface Node {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly Plans?: readonly Node[]
}

function scansIn(log: string): WholeScan[] {
  const scans: WholeScan[] = []
  // Each plan stands in the lines behind its head, which are indented.
  for (const [, json] of log.matchAll(/ms {2}plan:\n((?:\t.*\n)+)/g)) {
    const { 'Query Text': statement, Plan: plan } = JSON.parse(json!) as { 'Query Text': string; Plan: Node }
    for (const table of scanned(plan)) scans.push({ table, statement: statement.replaceAll(/\s+/g, ' ').trim() })
  }
  return scans
}

function scanned(node: Node): string[] {
  const own = node['Node Type'] === 'Seq Scan' ? [node['Relation Name'] ?? '?'] : []
  return [...own, ...(node.Plans ?? []).flatMap(scanned)]
}

/**
 * Each once, in a few words; of tables that are large now: reading a small one whole is quicker than any other way.
 * @param large - so many rows are large
 */
export async function largeScans(admin: Client, scans: readonly WholeScan[], large = 1_000): Promise<string[]> {
  const found: string[] = []
  for (const table of new Set(scans.map((scan) => scan.table))) {
    const { rows } = await admin.query<{ n: number }>(`SELECT count(*)::int4 AS n FROM ${table}`)
    if (rows[0]!.n < large) continue
    for (const { statement } of scans.filter((scan) => scan.table === table))
      found.push(`${table}: ${statement.slice(0, 100)}`)
  }
  return [...new Set(found)]
}
