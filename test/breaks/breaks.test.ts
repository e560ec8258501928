import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root } from '../setup.ts'
import { breaks as soakBreaks } from '../soak/breaks.ts'
import { breaks } from './breaks.ts'
import { broken } from './copy.ts'

describe('the deliberate breaks', () => {
  test.each([...breaks, ...Object.values(soakBreaks).flat()])('$name can still be applied', (one) => {
    const whole = readFileSync(join(root, one.file), 'utf8')
    expect(broken(whole, one)).not.toBe(whole)
  })

  test.each(Array.from({ length: 13 }, (_, index) => String(index + 1)))('there is one for promise %s', (promise) => {
    expect(breaks.map((one) => one.promise)).toContain(promise)
  })
})
