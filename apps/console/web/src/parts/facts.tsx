import type { MachineDetails } from '@bmdb/api/contract'
import { Copy } from './ids.tsx'
import { HardwareSummary } from './hardware-summary.tsx'
import { Empty } from './reading.tsx'
import { When } from './when.tsx'

/** What is known of a machine. */
export function Facts({ facts }: { facts: MachineDetails['facts'] }) {
  const names = Object.keys(facts).toSorted()
  if (names.length === 0) return <Empty>No fact is known of this machine, such as the address of its BMC.</Empty>
  return (
    <dl className="facts">
      {names.map((name) => (
        <div key={name}>
          <dt>{name.replaceAll('_', ' ')}</dt>
          <dd>
            <Fact name={name} row={facts[name] ?? {}} />
          </dd>
        </div>
      ))}
    </dl>
  )
}

function Fact({ name, row }: { name: string; row: Readonly<Record<string, unknown>> }) {
  const report = row['hardware_report']
  if (name === 'hardware_report' && typeof report === 'object' && report !== null) {
    const at = row['hardware_reported_at']
    return (
      <>
        {typeof at === 'string' && (
          <p className="dim">
            Reported <When at={at} />
          </p>
        )}
        <HardwareSummary report={report as Record<string, unknown>} />
        <Raw value={report} />
      </>
    )
  }
  const entries = Object.entries(row)
  if (entries.length === 0) return <span className="dim">known</span>
  return entries.map(([column, value]) => (
    <div key={column}>
      {entries.length > 1 && <span className="dim">{column.replaceAll('_', ' ')}: </span>}
      <Value value={value} what={column.replaceAll('_', ' ')} />
    </div>
  ))
}

function Value({ value, what }: { value: unknown; what: string }) {
  if (typeof value === 'object' && value !== null) return <Raw value={value} />
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return (
    <span className="id">
      {isWeb(text) ? (
        <a href={text} target="_blank" rel="noreferrer noopener">
          {text}
        </a>
      ) : (
        text
      )}
      <Copy text={text} what={what} />
    </span>
  )
}

/** Only these: what a program wrote into the database is not to be trusted with `javascript:`. */
function isWeb(text: string): boolean {
  return URL.canParse(text) && ['http:', 'https:'].includes(new URL(text).protocol)
}

function Raw({ value }: { value: unknown }) {
  return (
    <details>
      <summary>As JSON</summary>
      <pre tabIndex={0}>{JSON.stringify(value, null, 2)}</pre>
    </details>
  )
}
