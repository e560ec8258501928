import { Tag } from './tag.tsx'

type Json = Readonly<Record<string, unknown>>

/**
 * A hardware report in a few lines. Anybody may write reports of any shape: what is not as expected is left out here,
 * and is in the JSON.
 */
export function HardwareSummary({ report }: { report: Json }) {
  const lines = linesOf(report).filter((line) => line[1] !== '')
  const health = textOf(report, 'health')
  const warnings = Array.isArray(report['warnings'])
    ? report['warnings'].filter((each) => typeof each === 'string')
    : []
  return (
    <>
      <ul className="plain-list">
        {lines.map(([what, text]) => (
          <li key={what}>
            <span className="dim">{what}:</span> {text}
          </li>
        ))}
        {health !== '' && (
          <li>
            <span className="dim">health:</span> <Tag tone={health === 'OK' ? 'good' : 'bad'}>{health}</Tag>
          </li>
        )}
      </ul>
      {warnings.length > 0 && (
        <details>
          <summary>
            {warnings.length} warning{warnings.length === 1 ? '' : 's'}
          </summary>
          <ul>
            {warnings.map((warning) => (
              <li key={warning}>{warning}</li>
            ))}
          </ul>
        </details>
      )}
    </>
  )
}

function linesOf(report: Json): [string, string][] {
  const memory = (report['memory'] ?? {}) as Json
  return [
    ['system', joined([textOf(report, 'manufacturer'), textOf(report, 'model')], ' ')],
    ['serial number', textOf(report, 'serialNumber')],
    ['BIOS', textOf(report, 'biosVersion')],
    ['power', textOf(report, 'powerState')],
    [
      'processors',
      grouped(listOf(report, 'processors'), (each) => joined([textOf(each, 'model'), coresOf(each)], ', ')),
    ],
    ['memory', joined([unit(memory['totalGiB'], 'GiB'), count(listOf(memory, 'modules'), 'module')], ' in ')],
    ['drives', grouped(listOf(report, 'drives'), driveText)],
    [
      'network',
      grouped(listOf(report, 'networkInterfaces'), (each) =>
        joined([speedText(each), textOf(each, 'linkStatus')], ' '),
      ),
    ],
  ]
}

function coresOf(processor: Json): string {
  return typeof processor['cores'] === 'number' ? `${processor['cores']} cores` : ''
}

function driveText(drive: Json): string {
  const bytes = drive['capacityBytes']
  const size = typeof bytes === 'number' ? `${Number((bytes / 1e12).toPrecision(3))} TB` : ''
  return joined([size, textOf(drive, 'protocol'), textOf(drive, 'mediaType')], ' ')
}

function speedText(port: Json): string {
  const mbps = port['speedMbps']
  if (typeof mbps !== 'number') return ''
  return mbps >= 1_000 ? `${mbps / 1_000} Gbit/s` : `${mbps} Mbit/s`
}

/** `2 × this, 1 × that` */
function grouped(list: readonly Json[], of: (each: Json) => string): string {
  const counts = new Map<string, number>()
  for (const each of list) {
    const text = of(each) || 'of unknown kind'
    counts.set(text, (counts.get(text) ?? 0) + 1)
  }
  return [...counts].map(([text, times]) => `${times} × ${text}`).join('; ')
}

function listOf(of: Json, name: string): readonly Json[] {
  const list = of[name]
  return Array.isArray(list) ? list.filter((each): each is Json => typeof each === 'object' && each !== null) : []
}

function textOf(of: Json, name: string): string {
  const value = of[name]
  return typeof value === 'string' ? value : ''
}

function unit(value: unknown, name: string): string {
  return typeof value === 'number' ? `${value} ${name}` : ''
}

function count(list: readonly unknown[], what: string): string {
  return list.length === 0 ? '' : `${list.length} ${what}${list.length === 1 ? '' : 's'}`
}

function joined(texts: readonly string[], between: string): string {
  return texts.filter((text) => text !== '').join(between)
}
