import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../setup.ts'

export const metricTypes = ['counter', 'gauge', 'histogram'] as const

/** Who tells a metric. */
export const tellers = ['all', 'gc', 'workers', 'console'] as const
export type Teller = (typeof tellers)[number]

/** The values of a label that are documented; `open`: there may be others. */
export interface DocumentedLabel {
  readonly values: readonly string[]
  readonly open: boolean
}

/** A row of the table of all metrics. */
export interface DocumentedMetric {
  readonly name: string
  readonly type: string
  readonly labels: ReadonlyMap<string, DocumentedLabel>
  readonly help: string
  readonly teller: Teller
  readonly lookAt: string
}

export const metricsPage = readFileSync(join(root, 'docs/metrics.md'), 'utf8')

/** The table of all metrics in docs/metrics.md. */
export const documentedMetrics: readonly DocumentedMetric[] = rows('## All metrics').map(
  ([name, type, labels, help, teller, lookAt]) => ({
    name: name!.replaceAll('`', ''),
    type: type!,
    labels: new Map(labels === '' ? [] : labels!.split(';').map((text) => readLabel(text.trim()))),
    help: help!,
    teller: tellers.find((one) => one === teller)!,
    lookAt: lookAt!,
  }),
)

/** The metrics that are not BMDB's own, and their types. */
export const foreignMetrics: ReadonlyMap<string, string> = new Map(
  rows('## What is not ours').map(([name, type]) => [name!.replaceAll('`', ''), type!]),
)

/** The headings of docs/metrics.md, as links name them. */
export const anchors: ReadonlySet<string> = new Set(
  [...metricsPage.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  ),
)

/** The rows of the first table under a heading, cell by cell. */
function rows(heading: string): string[][] {
  const section = metricsPage.split(`\n${heading}\n`)[1]!.split('\n## ')[0]!
  const lines = section.split('\n').filter((line) => line.startsWith('|'))
  return lines.slice(2).map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  )
}

/** Reads such as `` `result`: committed, failed, … `` */
function readLabel(text: string): [string, DocumentedLabel] {
  const [, name, list] = /^`(\w+)`: (.+)$/.exec(text) ?? []
  if (name === undefined) throw new Error(`not a label and its values: ${text}`)
  const values = list!.split(', ')
  return [name, { values: values.filter((value) => value !== '…'), open: values.includes('…') }]
}
