import { documentedMetrics, foreignMetrics } from './table.ts'

/** What of PromQL is neither a metric nor a label. */
const words = new Set(['and', 'or', 'unless', 'by', 'on', 'without', 'ignoring', 'group_left', 'group_right', 'bool'])
const functions = new Set([
  ...['sum', 'min', 'max', 'avg', 'count', 'topk'],
  ...['rate', 'increase', 'max_over_time', 'min_over_time', 'histogram_quantile', 'absent', 'time', 'ceil', 'vector'],
])
const parts = { histogram: ['_bucket', '_sum', '_count'], other: [''] }

/** The series that Prometheus knows of a documented metric, with the labels that it may ask for. */
const known = new Map<string, ReadonlyMap<string, { values: readonly string[]; open: boolean }>>([
  ...documentedMetrics.flatMap(({ name, type, labels }) =>
    parts[type === 'histogram' ? 'histogram' : 'other'].map((part) => [name + part, labels] as const),
  ),
  ...[...foreignMetrics.keys()].map((name) => [name, new Map()] as const),
])

/** What Prometheus itself adds to everything that it reads. */
const added = ['job', 'instance']

/**
 * What is wrong with an expression of PromQL, as far as can be seen without Prometheus: brackets and quotes, functions,
 * metrics, labels and the values of these, and quantiles of what is no histogram's buckets.
 */
export function faultsOf(expression: string): string[] {
  const text = expression.replaceAll(/\$__rate_interval|\$__range|\$__interval/g, '5m')
  const faults = [...unbalanced(text)]
  const names = new Set<string>()
  const labels = new Set<string>()
  for (const [, name, matchers] of text.matchAll(/([a-zA-Z_:][\w:]*)\s*(?:\{([^}]*)\})/g)) {
    for (const [, label, operator, value] of (matchers ?? '').matchAll(/(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"/g))
      faults.push(...faultsOfMatcher(name!, label!, operator!, value!))
  }
  const bare = text
    .replaceAll(/"[^"]*"/g, '""')
    .replaceAll(/\{[^}]*\}/g, '')
    .replaceAll(/\[[^\]]*\]/g, '')
    .replaceAll(/\b(by|on|without|ignoring|group_left|group_right)\s*\(([^)]*)\)/g, (_all, _word, list: string) => {
      for (const label of list.split(',').map((one) => one.trim())) labels.add(label)
      return ' '
    })
  for (const [, word, called] of bare.matchAll(/(?<![\w.])([a-zA-Z_:][\w:]*)(\s*\()?/g)) {
    if (words.has(word!)) continue
    if (functions.has(word!)) {
      if (called === undefined && !/\b(sum|min|max|avg|count|topk)\b/.test(word!)) faults.push(`${word} is not called`)
    } else if (called !== undefined) faults.push(`there is no function ${word}`)
    else if (known.has(word!)) names.add(word!)
    else faults.push(`there is no metric ${word}`)
  }
  if (names.size === 0) faults.push('it asks for no metric')
  const theirs = new Set([...names].flatMap((name) => [...(known.get(name)?.keys() ?? [])]))
  for (const label of labels)
    if (label !== 'le' && !added.includes(label) && !theirs.has(label)) faults.push(`no metric has the label ${label}`)
  if (/histogram_quantile/.test(text) && !([...names].some((name) => name.endsWith('_bucket')) && labels.has('le')))
    faults.push('a quantile needs buckets, and le')
  for (const [, name] of text.matchAll(/\b(?:rate|increase)\((\w+)/g))
    if (!/_(total|bucket|sum|count)$/.test(name!)) faults.push(`${name} is no counter`)
  return faults
}

function faultsOfMatcher(name: string, label: string, operator: string, value: string): string[] {
  if (added.includes(label)) return []
  const documented = known.get(name)?.get(label)
  if (documented === undefined) return [`${name} has no label ${label}`]
  if (documented.open || value.startsWith('$')) return []
  const asked = operator.endsWith('~') ? value.split('|') : [value]
  return asked.filter((one) => !documented.values.includes(one)).map((one) => `${label} of ${name} is never ${one}`)
}

function unbalanced(text: string): string[] {
  const closing: Readonly<Record<string, string>> = { '(': ')', '{': '}', '[': ']' }
  const open: string[] = []
  const outside = text.replaceAll(/"[^"]*"/g, '')
  if (outside.includes('"')) return ['a quote is not closed']
  for (const character of outside) {
    if (character in closing) open.push(closing[character]!)
    else if (Object.values(closing).includes(character) && open.pop() !== character)
      return [`${character} closes nothing`]
  }
  return open.map((character) => `${character} is missing`)
}
