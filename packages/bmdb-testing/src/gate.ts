/** Holds a step of a test until it is let go. */
export interface Gate {
  /** Lets through whoever waits, and everybody after. Twice is harmless. */
  readonly open: () => void
  /** Resolves once the gate is open. */
  readonly opened: Promise<void>
}

/** A gate that is closed. */
export function gate(): Gate {
  let open!: () => void
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open, opened }
}
