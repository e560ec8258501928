import { useState } from 'react'

const shownAtFirst = 160

/** A long text: its beginning, and all of it on demand. */
export function Expandable({ text }: { text: string }) {
  const [open, setOpen] = useState(false)
  if (text === '') return null
  const isLong = text.length > shownAtFirst || text.includes('\n')
  const first = text.split('\n', 1)[0] ?? ''
  return (
    <span className="cause">
      {open || !isLong ? text : `${first.slice(0, shownAtFirst)}…`}
      {isLong && (
        <button type="button" className="link" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? 'less' : 'more'}
        </button>
      )}
    </span>
  )
}
