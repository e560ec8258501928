import { Link } from 'wouter'
import { useState } from 'react'

/** A machine: its id as a link to its page, and copyable. */
export function MachineId({ id, full = false }: { id: string; full?: boolean }) {
  return <Id id={id} full={full} href={`/machines/${id}`} what="machine" />
}

/** A session: the same. */
export function SessionId({ id, full = false }: { id: string; full?: boolean }) {
  return <Id id={id} full={full} href={`/sessions/${id}`} what="session" />
}

export function ProcessLink({ process }: { process: string }) {
  return <Link href={`/processes/${encodeURIComponent(process)}`}>{process}</Link>
}

interface IdProps {
  id: string
  full: boolean
  href: string
  what: string
}

function Id({ id, full, href, what }: IdProps) {
  return (
    <span className="id">
      <Link href={href} title={id} aria-label={`${what} ${id}`} className="mono">
        {full ? id : shortId(id)}
      </Link>
      <Copy text={id} what={`the id of ${what} ${shortId(id)}`} />
    </span>
  )
}

/** The first eight signs, for people. */
export function shortId(id: string): string {
  return id.slice(0, 8)
}

/** Copies a text. Not there where the browser forbids it: only over https or on this computer it is allowed. */
export function Copy({ text, what }: { text: string; what: string }) {
  const [copied, setCopied] = useState(false)
  if (!window.isSecureContext) return null
  const copy = (): void => {
    void navigator.clipboard.writeText(text).then(() => {
      setCopied(true)
      window.setTimeout(() => setCopied(false), 1_500)
    })
  }
  return (
    <button type="button" className="copy" onClick={copy} title={`Copy ${what}`} aria-label={`Copy ${what}`}>
      {copied ? <span aria-hidden="true">✓</span> : <CopyPicture />}
      <span className="unseen" role="status">
        {copied ? 'copied' : ''}
      </span>
    </button>
  )
}

function CopyPicture() {
  return (
    <svg viewBox="0 0 14 14" width="12" height="12" fill="none" stroke="currentColor" aria-hidden="true">
      <rect x="1" y="1" width="8.5" height="8.5" rx="1.5" />
      <path d="M12 4.5v6.5a1.5 1.5 0 0 1-1.5 1.5H4.5" />
    </svg>
  )
}
