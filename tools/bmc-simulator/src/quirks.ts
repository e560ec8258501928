/** Ways in which real Redfish services differ from each other, and which a reader has to take. */
export interface Quirks {
  /** Drives stand in SimpleStorage; the system has no Storage. */
  readonly simpleStorage: boolean
  /** Network ports stand under NetworkInterfaces and their adapters; the system has no EthernetInterfaces. */
  readonly networkAdapters: boolean
  /** Collections come in pages of this many members; 0: whole. */
  readonly pageSize: number
  /** Members that services often do not fill (SKU, speeds, manufacturers of parts, …) are null. */
  readonly nulls: boolean
}

/**
 * The quirks of the BMC with this index. They depend on the index alone, so that in every rack of six or more each of
 * them is there.
 */
export function quirksOf(index: number): Quirks {
  return {
    simpleStorage: index % 4 === 1,
    networkAdapters: index % 6 === 5,
    pageSize: index % 3 === 2 ? 2 : 0,
    nulls: index % 5 === 3,
  }
}
