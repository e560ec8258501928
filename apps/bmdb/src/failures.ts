import type { Command } from 'commander'

/** What was typed cannot be used: told with the usage of the command that it was meant for. */
export class UsageFailure extends Error {
  readonly command: Command

  constructor(command: Command, message: string) {
    super(message)
    this.name = 'UsageFailure'
    this.command = command
  }
}

/** There is no such thing. */
export class NotFoundError extends Error {
  constructor(what: string) {
    super(`there is no ${what}`)
    this.name = 'NotFoundError'
  }
}

/** The help or the version was shown: that is all. */
export class ShownError extends Error {}
