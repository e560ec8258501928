import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { prometheusMetrics } from '@bmdb/core/prometheus'
import { programRegistry } from '@bmdb/program'
import { prometheusRunnerMetrics } from '@bmdb/worker/prometheus'
import { describe, expect, test } from 'vitest'
import { root } from '../setup.ts'
import { anchors, documentedMetrics, foreignMetrics, metricsPage, metricTypes, tellers, type Teller } from './table.ts'

type Registry = ReturnType<typeof programRegistry>

/** What apps have of their own: they are no packages that can be imported by name. */
const own: readonly { file: string; register: string; teller: Teller }[] = [
  { file: 'apps/gc/src/metrics.ts', register: 'collectorMetrics', teller: 'gc' },
  { file: 'apps/console/src/metrics.ts', register: 'consoleMetrics', teller: 'console' },
]

/** Registers everything that there is, as the programs do, and says who tells what. */
async function everything(): Promise<{ registry: Registry; tellerOf: Map<string, Teller> }> {
  const registry = programRegistry('test', () => [])
  const tellerOf = new Map<string, Teller>()
  const now = (teller: Teller): void => {
    for (const { name } of registry.getMetricsAsArray()) if (!tellerOf.has(name)) tellerOf.set(name, teller)
  }
  const metrics = prometheusMetrics(registry)
  now('all')
  const runnerMetrics = prometheusRunnerMetrics(registry)
  now('workers')
  for (const { file, register, teller } of own) {
    const module = (await import(join(root, file))) as Record<string, (registry: Registry) => unknown>
    module[register]!(registry)
    now(teller)
  }
  // From here on the process is known.
  metrics.count('bmdb_work_claimed_total', { process: 'P', takeover: 'no' })
  runnerMetrics.gauge('bmdb_runner_running', { process: 'P' }, 1)
  return { registry, tellerOf }
}

const isOurs = (name: string): boolean => name.startsWith('bmdb_')

describe('the table of metrics', () => {
  test('has exactly what is registered: names, types, labels, help, and who tells it', async () => {
    const { registry, tellerOf } = await everything()
    const registered = registry.getMetricsAsArray().map((metric) => {
      const { name, help, labelNames } = metric as unknown as { name: string; help: string; labelNames: string[] }
      return { name, help, labels: [...labelNames].sort(), teller: tellerOf.get(name) }
    })
    const types = new Map((await registry.getMetricsAsJSON()).map(({ name, type }) => [name, String(type)]))
    const documented = documentedMetrics.map(({ name, type, labels, help, teller }) => ({
      name,
      type,
      help,
      labels: [...labels.keys()].sort(),
      teller,
    }))
    const byName = (one: { name: string }, other: { name: string }): number => (one.name < other.name ? -1 : 1)
    expect(documented.sort(byName)).toEqual(
      registered
        .filter(({ name }) => isOurs(name))
        .map((metric) => ({ ...metric, type: types.get(metric.name) }))
        .sort(byName),
    )
    for (const [name, type] of foreignMetrics) if (name !== 'up') expect([name, types.get(name)]).toEqual([name, type])
  })

  test('has the values of closed labels, and counters begin at 0 under each of them', async () => {
    const { registry } = await everything()
    for (const { name, type, values } of await registry.getMetricsAsJSON()) {
      const documented = documentedMetrics.find((metric) => metric.name === name)
      if (documented === undefined || String(type) !== 'counter') continue
      for (const [label, { values: listed, open }] of documented.labels) {
        const there = new Set(values.map((one) => String((one.labels as Record<string, unknown>)[label])))
        if (!open) expect([name, label, [...there].sort()]).toEqual([name, label, [...listed].sort()])
        else for (const value of listed) expect([name, label, there.has(value)]).toEqual([name, label, true])
      }
    }
  })

  test('follows the conventions of Prometheus', () => {
    for (const { name, type, labels, lookAt } of documentedMetrics) {
      expect([name, metricTypes.includes(type as 'gauge')]).toEqual([name, true])
      expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter'])
      expect(name).toMatch(/^bmdb(_[a-z]+)+$/)
      expect(name).not.toMatch(/milliseconds|_ms\b|minutes|hours|_count$|_sum$|_bucket$/)
      // Their values would have no end.
      for (const label of labels.keys()) expect(label).not.toMatch(/machine|session|token|_id$|^id$|^le$/)
      expect([name, lookAt.length > 0]).toEqual([name, true])
    }
    expect(new Set(documentedMetrics.map(({ teller }) => teller))).toEqual(new Set(tellers))
  })

  test('and all else on its page link to what is there', () => {
    for (const [, anchor] of metricsPage.matchAll(/\]\(#([^)]*)\)/g)) expect(anchors).toContain(anchor)
    for (const [, file] of metricsPage.matchAll(/\]\(([^#)][^)]*)\)/g))
      expect([file, existsSync(join(root, 'docs', file!))]).toEqual([file, true])
  })
})
