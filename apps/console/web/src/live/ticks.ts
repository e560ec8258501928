import { useSyncExternalStore } from 'react'
import { clock } from './clock.ts'

const listeners = new Set<() => void>()
let timer: number | undefined

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  timer ??= window.setInterval(() => {
    if (!document.hidden) for (const each of listeners) each()
  }, 1_000)
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0) return
    window.clearInterval(timer)
    timer = undefined
  }
}

/**
 * What `of` makes of the database's time now, judged once a second by one timer for the whole page. Renders again only
 * where the answer changed, so it should be a text, a number or a boolean.
 */
export function useByClock<Value extends string | number | boolean>(of: (nowMs: number) => Value): Value {
  return useSyncExternalStore(subscribe, () => of(clock.now()))
}
