import { open, rename, rm, stat, truncate, copyFile } from 'node:fs/promises'

/** The longest that a log grows, in bytes, before it is moved to `<path>.1`. */
export const LOG_LIMIT_BYTES = 8 * 1024 * 1024

/**
 * Keeps the log within its bound. The running server has the file open for appending, so its contents are copied away
 * and it is cut: the server goes on at the new end.
 */
export async function boundLog(path: string): Promise<void> {
  try {
    if ((await stat(path)).size < LOG_LIMIT_BYTES) return
    await copyFile(path, `${path}.new`)
    await truncate(path)
    await rename(`${path}.new`, `${path}.1`)
  } catch {
    // A log that cannot be kept short is no reason to fail.
    await rm(`${path}.new`, { force: true }).catch(() => undefined)
  }
}

/** The last lines of a log, from the byte `from` on; empty if there is none. */
export async function logTail(path: string, from = 0, lines = 15): Promise<string> {
  try {
    await using file = await open(path)
    const { size } = await file.stat()
    const start = Math.max(from <= size ? from : 0, size - 16_384)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.max(size - start, 0)), 0, size - start, start)
    return buffer.subarray(0, bytesRead).toString('utf8').trimEnd().split('\n').slice(-lines).join('\n')
  } catch {
    return ''
  }
}
