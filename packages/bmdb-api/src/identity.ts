import type { Role } from './contract/index.ts'

/** Who asks. */
export interface Identity {
  /** Who acts, 1 to 128 characters: the history keeps it. */
  readonly name: string
  /** Viewers look; operators act too. */
  readonly role: Role
  /** What every act has to bring in the header `X-BMDB-CSRF`; null where nothing is needed, such as for programs. */
  readonly csrfToken: string | null
  /** Whether there is something to log out of. */
  readonly canLogOut: boolean
}
