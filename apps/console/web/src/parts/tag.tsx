import type { ReactNode } from 'react'

export type Tone = 'plain' | 'good' | 'info' | 'warn' | 'bad'

/** A word that says a state. The colour never says more than the word. */
export function Tag({ tone = 'plain', title, children }: { tone?: Tone; title?: string; children: ReactNode }) {
  return (
    <span className={`tag ${tone}`} title={title}>
      {children}
    </span>
  )
}
