/** One Redfish resource, as JSON has it. */
export type Resource = Readonly<Record<string, unknown>>

/** Where a BMC's resources come from. */
export interface ResourceSource {
  /**
   * The resource with this path (`/redfish/v1/Systems/1`, without a slash at the end, the service root included);
   * null if there is none.
   */
  read(path: string): Promise<Resource | null>
}

/** A reference to another resource. */
export function reference(path: string): Resource {
  return { '@odata.id': path }
}
