import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root } from '../setup.ts'
import { faultsOf } from './expression.ts'
import { documentedMetrics } from './table.ts'

interface Target {
  readonly refId: string
  readonly expr: string
  readonly datasource: { readonly type: string; readonly uid: string }
}

interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly description?: string
  readonly datasource?: Target['datasource']
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets?: readonly Target[]
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } }
}

const text = readFileSync(join(root, 'docs/grafana/bmdb.json'), 'utf8')
const dashboard = JSON.parse(text) as {
  schemaVersion: number
  panels: Panel[]
  templating: { list: { name: string; type: string; query: string | { query: string } }[] }
}
const panels = dashboard.panels.filter(({ type }) => type !== 'row')

describe('the dashboard', () => {
  test('asks which Prometheus to read, and which processes to show', () => {
    expect(dashboard.schemaVersion).toBeGreaterThanOrEqual(39)
    const variables = dashboard.templating.list.map(({ name, type }) => [name, type])
    expect(variables).toEqual([
      ['datasource', 'datasource'],
      ['process', 'query'],
    ])
    for (const [, uid] of text.matchAll(/"uid": "([^"]*)"/g)) expect(['bmdb', '${datasource}']).toContain(uid)
    const { query } = dashboard.templating.list[1]!
    const [, metric, label] = /^label_values\((\w+), (\w+)\)$/.exec(typeof query === 'string' ? query : query.query)!
    expect(documentedMetrics.find(({ name }) => name === metric)?.labels.has(label!)).toBe(true)
  })

  test('has panels with a title, a description, a unit and a place of their own', () => {
    for (const { title, description, fieldConfig, datasource, targets } of panels) {
      expect(title.length).toBeGreaterThan(3)
      expect([title, description?.endsWith('.')]).toEqual([title, true])
      expect([title, fieldConfig?.defaults.unit]).toEqual([title, expect.stringMatching(/./)])
      expect(targets!.length).toBeGreaterThan(0)
      for (const one of [datasource, ...targets!.map((target) => target.datasource)])
        expect(one).toEqual({ type: 'prometheus', uid: '${datasource}' })
      expect(new Set(targets!.map(({ refId }) => refId)).size).toBe(targets!.length)
    }
    const all = dashboard.panels
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length)
    expect(new Set(all.map(({ title }) => title)).size).toBe(all.length)
    for (const [index, { gridPos: one }] of all.entries()) {
      expect(one.x + one.w).toBeLessThanOrEqual(24)
      for (const { gridPos: other } of all.slice(index + 1))
        expect(
          one.x < other.x + other.w && other.x < one.x + one.w && one.y < other.y + other.h && other.y < one.y + one.h,
        ).toBe(false)
    }
  })

  test('asks for metrics, labels and values that there are', () => {
    const faults = panels.flatMap(({ title, targets }) =>
      targets!.flatMap(({ expr }) => faultsOf(expr).map((fault) => `${title}: ${fault}`)),
    )
    expect(faults).toEqual([])
  })

  test('shows every metric of BMDB', () => {
    const asked = panels.flatMap(({ targets }) => targets!.map(({ expr }) => expr)).join(' ')
    const missing = documentedMetrics.filter(
      ({ name }) => !new RegExp(`\\b${name}(_bucket|_sum|_count)?\\b`).test(asked),
    )
    expect(missing.map(({ name }) => name)).toEqual([])
  })
})
