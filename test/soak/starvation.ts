import type { Recorder } from './records.ts'

const lookMs = 20
/** What is longer than this between two looks is written down. */
const lateMs = 60

/**
 * Writes down when this program did not run: others can tell when they stopped it, but nobody tells when the machine
 * was too busy for it. @returns ends it
 */
export function watchStarvation(recorder: Recorder): () => void {
  let seenNs = process.hrtime.bigint()
  const timer = setInterval(() => {
    const nowNs = process.hrtime.bigint()
    if (Number(nowNs - seenNs) / 1e6 > lateMs)
      recorder.write({ is: 'starved', fromNs: String(seenNs), toNs: String(nowNs) })
    seenNs = nowNs
  }, lookMs)
  return () => clearInterval(timer)
}
