import { readCollection } from './collection.ts'
import type { Reading } from './reading.ts'
import type { ProcessorReport } from './report.ts'
import { amount, healthOf, idOf, link, text, type Resource } from './resource.ts'

export async function readProcessors(reading: Reading, system: Resource): Promise<readonly ProcessorReport[]> {
  const processors = await readCollection(reading, link(system, 'Processors'))
  return processors.map((processor) => ({
    id: idOf(processor),
    type: text(processor, 'ProcessorType'),
    manufacturer: text(processor, 'Manufacturer'),
    model: text(processor, 'Model'),
    cores: amount(processor, 'TotalCores'),
    threads: amount(processor, 'TotalThreads'),
    speedMHz: amount(processor, 'MaxSpeedMHz') ?? amount(processor, 'OperatingSpeedMHz'),
    health: healthOf(processor),
  }))
}
