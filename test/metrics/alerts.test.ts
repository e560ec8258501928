import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { root } from '../setup.ts'
import { faultsOf } from './expression.ts'
import { anchors } from './table.ts'

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly for: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

const file = parse(readFileSync(join(root, 'docs/prometheus/alerts.yml'), 'utf8')) as {
  groups: { name: string; rules: Rule[] }[]
}
const rules = file.groups.flatMap((group) => group.rules)

describe('the alert rules', () => {
  test('have the form that Prometheus reads, each with how long, how bad, what and what to do', () => {
    expect(Object.keys(file)).toEqual(['groups'])
    for (const group of file.groups) expect(Object.keys(group)).toEqual(['name', 'rules'])
    for (const rule of rules) {
      expect(Object.keys(rule)).toEqual(['alert', 'expr', 'for', 'labels', 'annotations'])
      expect(rule.alert).toMatch(/^BMDB[A-Z]\w+$/)
      expect(rule.for).toMatch(/^[1-9]\d*[mh]$/)
      expect(Object.keys(rule.labels)).toEqual(['severity'])
      expect(rule.labels['severity']).toMatch(/^(critical|warning|info)$/)
      expect(Object.keys(rule.annotations)).toEqual(['summary', 'description', 'runbook'])
      for (const text of Object.values(rule.annotations)) expect(text.length).toBeGreaterThan(5)
    }
    const names = [...file.groups, ...rules].map((one) => ('alert' in one ? one.alert : one.name))
    expect(new Set(names).size).toBe(names.length)
  })

  test('ask for metrics, labels and values that there are', () => {
    expect(rules.map(({ alert, expr }) => [alert, faultsOf(expr)])).toEqual(rules.map(({ alert }) => [alert, []]))
  })

  test('name the part of the page that says what to do', () => {
    for (const { annotations } of rules) {
      const [page, anchor] = annotations['runbook']!.split('#')
      expect(page).toBe('docs/metrics.md')
      expect(anchors).toContain(anchor)
    }
  })

  test('say in their texts only what the expression keeps', () => {
    for (const { alert, expr, annotations } of rules) {
      const used = new Set([...JSON.stringify(annotations).matchAll(/\$labels\.(\w+)/g)].map((match) => match[1]!))
      const kept = [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap((match) => match[1]!.split(', '))
      // What is not summed keeps all its labels.
      if (!/\b(sum|max|min|absent)\b/.test(expr)) continue
      for (const label of used) expect([alert, kept]).toEqual([alert, expect.arrayContaining([label])])
    }
  })

  test('are checked by something that sees mistakes', () => {
    const faulty = {
      'sum(rate(bmdb_beats_total[5m])': ['is missing'],
      'sum rate(bmdb_beats_total[5m]))': ['closes nothing'],
      'bmdb_beat_total > 0': ['no metric bmdb_beat_total'],
      'bmdb_beats_total{result="lost"} > 0': ['result of bmdb_beats_total is never lost'],
      'bmdb_beats_total{process="P"} > 0': ['has no label process'],
      'sum by (process) (bmdb_beats_total) > 0': ['no metric has the label process'],
      'histogram_quantile(0.9, bmdb_beat_slack_seconds_count)': ['a quantile needs buckets'],
      'histogram_quantile(0.9, sum(rate(bmdb_beat_slack_seconds_bucket[5m])))': ['a quantile needs buckets'],
      'rate(bmdb_ready[5m]) > 0': ['bmdb_ready is no counter'],
      'media(bmdb_ready) > 0': ['no function media'],
      'bmdb_beat_slack_seconds > 0': ['no metric bmdb_beat_slack_seconds'],
      'bmdb_ready == "1': ['a quote is not closed'],
      'vector(1)': ['it asks for no metric'],
    }
    for (const [expression, expected] of Object.entries(faulty))
      expect([expression, faultsOf(expression).join()]).toEqual([
        expression,
        expect.stringMatching(new RegExp(expected.join('.*'))),
      ])
  })
})
