import type { Health } from './hardware.ts'
import { reference, type Resource } from './resource.ts'

/** A tree of resources under construction: path → resource. */
export type Tree = Map<string, Resource>

/** Adds a resource. `type` is its `@odata.type` without the leading `#`. */
export function put(tree: Tree, path: string, type: string, members: Resource): string {
  tree.set(path, { '@odata.id': path, '@odata.type': `#${type}`, ...members })
  return path
}

/** Adds a collection of resources of a kind, returns its path. */
export function putCollection(tree: Tree, path: string, kind: string, members: readonly string[]): string {
  return put(tree, path, `${kind}Collection.${kind}Collection`, {
    Name: `${kind} Collection`,
    'Members@odata.count': members.length,
    Members: members.map(reference),
  })
}

/** The `Status` of a part that is there, or of an empty place. */
export function status(health: Health | null): Resource {
  return health === null ? { State: 'Absent', Health: null } : { State: 'Enabled', Health: health }
}
