import type { VerbName } from '@bmdb/api/contract'
import { Button, Tooltip } from '@mantine/core'
import { modals } from '@mantine/modals'
import { useId, type ReactNode } from 'react'
import { ActForm } from './act-form.tsx'
import { useHindrance } from './standing.ts'
import { words, type About, type Body, type Words } from './words.ts'

interface ActButtonProps<Name extends VerbName> {
  verb: Name
  body: Body<Name>
  about?: About
  /** When what it acts on was read, by the browser's clock. */
  readAt: number
  /** Which one of many, for those who do not see the row. */
  of?: string
}

/** Opens the dialog of an act. */
export function ActButton<Name extends VerbName>({ verb, body, about = {}, readAt, of }: ActButtonProps<Name>) {
  const said: Words<Name> = words[verb]
  const open = (): void => {
    const id = modals.open({
      title: said.title(body),
      children: <ActForm verb={verb} body={body} about={about} readAt={readAt} onClose={() => modals.close(id)} />,
    })
  }
  return (
    <HinderedButton readAt={readAt} onClick={open} {...(of === undefined ? {} : { of: `${said.label} ${of}` })}>
      {said.label}
    </HinderedButton>
  )
}

interface HinderedButtonProps {
  readAt: number
  onClick: () => void
  of?: string
  children: ReactNode
}

/** A button that acts. Where one may not, it stays in the order of focus, and says why. */
export function HinderedButton({ readAt, onClick, of, children }: HinderedButtonProps) {
  const hindrance = useHindrance(readAt)
  const why = useId()
  const hindered = hindrance !== null
  return (
    <Tooltip label={hindrance} disabled={!hindered} events={{ hover: true, focus: true, touch: true }} withinPortal>
      <Button
        size="compact-xs"
        variant="default"
        onClick={hindered ? undefined : onClick}
        {...(of === undefined ? {} : { 'aria-label': of })}
        {...(hindered ? { 'data-disabled': true, 'aria-disabled': true, 'aria-describedby': why } : {})}
      >
        {children}
        {hindered && (
          <span id={why} className="unseen">
            {hindrance}
          </span>
        )}
      </Button>
    </Tooltip>
  )
}
