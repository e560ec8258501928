import { EventEmitter } from 'node:events'
import { PassThrough } from 'node:stream'
import type { LogStream, StopSignal, System } from '../src/index.ts'

/** A stand-in for Node's `process`: keeps what is written and with which codes it was ended. */
export class FakeSystem extends EventEmitter implements System {
  readonly stdout: LogStream
  readonly stderr: LogStream
  readonly exitCodes: number[] = []
  readonly #directory: string
  #out = ''
  #err = ''

  constructor(directory = '/nowhere', isTTY = false) {
    super()
    this.#directory = directory
    this.stdout = collector(isTTY, (text) => (this.#out += text))
    this.stderr = collector(isTTY, (text) => (this.#err += text))
  }

  get out(): string {
    return this.#out
  }

  get err(): string {
    return this.#err
  }

  cwd(): string {
    return this.#directory
  }

  exit(code: number): void {
    this.exitCodes.push(code)
  }

  /** As if the operating system had sent it. */
  send(signal: StopSignal): void {
    this.emit(signal)
  }
}

function collector(isTTY: boolean, take: (text: string) => void): LogStream {
  const stream = Object.assign(new PassThrough({ encoding: 'utf8' }), { isTTY })
  stream.on('data', take)
  return stream
}
