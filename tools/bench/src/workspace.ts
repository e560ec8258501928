import { join } from 'node:path'

/** The workspace's root. */
export const workspace = join(import.meta.dirname, '../../..')
