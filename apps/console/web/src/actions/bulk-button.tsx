import type { BulkVerbBody, BulkVerbName } from '@bmdb/api/contract'
import { modals } from '@mantine/modals'
import { HinderedButton } from './act-button.tsx'
import { BulkForm } from './bulk-form.tsx'
import { bulkWords } from './bulk-words.ts'

interface BulkButtonProps<Name extends BulkVerbName> {
  verb: Name
  filter: BulkVerbBody<Name>['filter']
}

/** Opens the dialog of an act on everything that matches. It counts anew, so that nothing shown before matters. */
export function BulkButton<Name extends BulkVerbName>({ verb, filter }: BulkButtonProps<Name>) {
  const open = (): void => {
    const id = modals.open({
      title: bulkWords[verb].title,
      // Closing it by accident would stop it half way.
      closeOnClickOutside: false,
      children: <BulkForm verb={verb} filter={filter} readAt={Date.now()} onClose={() => modals.close(id)} />,
    })
  }
  return (
    <HinderedButton readAt={Number.POSITIVE_INFINITY} onClick={open}>
      {bulkWords[verb].label}
    </HinderedButton>
  )
}
