import { Link } from 'wouter'

/** The failure domains of a machine, each a link to those that share it. */
export function Domains({ of }: { of: Readonly<Record<string, string>> }) {
  const entries = Object.entries(of)
  if (entries.length === 0) return <span className="dim">none</span>
  return (
    <span className="tags">
      {entries.map(([kind, domain]) => (
        <Link key={kind} href={`/machines?${new URLSearchParams({ kind, domain }).toString()}`} className="tag plain">
          {kind} {domain}
        </Link>
      ))}
    </span>
  )
}
