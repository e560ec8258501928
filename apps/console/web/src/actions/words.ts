import type { Done, VerbBody, VerbName } from '@bmdb/api/contract'
import { machineWords } from './words-machines.ts'
import { workWords } from './words-work.ts'

export type Field = 'id' | 'process' | 'duration' | 'optional duration' | 'grace' | 'kind' | 'domain'

/** What is known of what an act is about, beyond its body, for the sentences. */
export interface About {
  /** What holds the machine now. */
  readonly holds?: readonly { readonly process: string; readonly component?: string }[]
  readonly component?: string
  readonly runtimeInfo?: string
  readonly since?: string
  readonly alive?: boolean
  /** How many pieces of work there are. */
  readonly count?: number
  readonly cause?: string
}

export type Body<Name extends VerbName> = Partial<Omit<VerbBody<Name>, 'reason'>>

/** The words of one act. */
export interface Words<Name extends VerbName> {
  /** On the button that opens the dialog. */
  readonly label: string
  /** On the button that does it. */
  readonly does: string
  readonly title: (body: Body<Name>) => string
  /** What it will do, sentence by sentence. */
  readonly says: (body: Body<Name>, about: About) => string[]
  /** What is asked for besides the reason. */
  readonly fields?: readonly Field[]
  /** It takes something away from somebody, or cannot be undone. */
  readonly grave?: true
  /** What was done, without a full stop. */
  readonly did: (body: Body<Name>, done: Done) => string
  /** Why there was nothing to change. */
  readonly nothing: string
}

export const words: { readonly [Name in VerbName]: Words<Name> } = { ...machineWords, ...workWords }
