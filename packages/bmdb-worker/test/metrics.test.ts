import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { prometheusMetrics } from '@bmdb/core/prometheus'
import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { defineProcess, snooze } from '../src/index.ts'
import { prometheusRunnerMetrics } from '../src/prometheus.ts'
import { eventually, fleet, untilAborted } from './setup.ts'

const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8')

test('the README lists exactly the metrics that there are, with their labels', async () => {
  const registry = new Registry()
  prometheusRunnerMetrics(registry)
  const there = registry.getMetricsAsArray().map((metric) => {
    const { name, labelNames } = metric as unknown as { name: string; labelNames: string[] }
    return `${name} ${[...labelNames].sort().join(' ')}`.trim()
  })
  const section = readme.split('## Metrics')[1]!.split('\n## ')[0]!
  const documented = [...section.matchAll(/^\| `(\w+)` *\| ([^|]*)\|/gm)].map(([, name, labels]) => {
    const names = [...labels!.matchAll(/`(\w+)`/g)].map((match) => match[1])
    return `${name} ${names.sort().join(' ')}`.trim()
  })
  expect(documented.sort()).toEqual(there.sort())
})

test('metrics tell of runs and of the fleet, and go into the same registry as those of the core', async () => {
  const registry = new Registry()
  const made = await fleet(4, { metrics: prometheusMetrics(registry) })
  const ann = made.connection.operator('ann')
  await ann.park(made.machineIds[3]!, 'P', { reason: 'a test' })
  await ann.lockOut(made.machineIds[3]!, { reason: 'a test' })
  const process = defineProcess({
    name: 'P',
    backoff: { initialSeconds: 600 },
    run: ({ machine, signal }) => {
      if (machine.id === made.machineIds[0]) return snooze(600)
      if (machine.id === made.machineIds[1]) throw new Error('no')
      return untilAborted(signal)
    },
  })
  const metrics = prometheusRunnerMetrics(registry)
  const { until } = await made.start([process], { metrics, countSeconds: 0.1, concurrency: 3 })
  await until('claimed', 3)
  const shows = (text: string) =>
    eventually(`the metrics show ${text}`, async () => (await registry.metrics()).includes(text))
  await shows('bmdb_runner_runs_total{process="P",result="snoozed"} 1')
  await shows('bmdb_runner_runs_total{process="P",result="failed"} 1')
  await shows('bmdb_runner_running{process="P"} 1')
  await shows('bmdb_runner_claim_duration_seconds_count{process="P",found="yes"} 1')
  await shows('bmdb_process_machines{process="P",state="held"} 1')
  await shows('bmdb_process_machines{process="P",state="backoff"} 2')
  await shows('bmdb_process_machines{process="P",state="parked"} 1')
  await shows('bmdb_process_machines{process="P",state="eligible"} 0')
  await shows('bmdb_process_longest_wait_seconds{process="P"} 0')
  await shows('bmdb_machines_locked_out 1')
  await shows('bmdb_work_claimed_total{process="P",takeover="no"} 3')
})

test('metrics tell for how long the machine that is eligible for longest has waited', async () => {
  const registry = new Registry()
  // Registered a day ago.
  const made = await fleet(2)
  const process = defineProcess({ name: 'P', run: ({ signal }) => untilAborted(signal) })
  const metrics = prometheusRunnerMetrics(registry)
  const { until } = await made.start([process], { metrics, countSeconds: 0.1, concurrency: 1 })
  await until('claimed')
  const waited = await eventually('a wait', async () => {
    const text = await registry.metrics()
    if (!text.includes('bmdb_process_machines{process="P",state="eligible"} 1')) return undefined
    return /bmdb_process_longest_wait_seconds\{process="P"\} ([\d.]+)/.exec(text)?.[1]
  })
  expect(Number(waited)).toBeGreaterThan(86_000)
  expect(Number(waited)).toBeLessThan(87_000)
})
