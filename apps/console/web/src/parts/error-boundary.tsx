import { Component, type ErrorInfo, type ReactNode } from 'react'
import { Alert, Button } from '@mantine/core'

interface State {
  readonly failed: boolean
}

/** Where a page breaks, the rest goes on, and the browser's console has the error. */
export class ErrorBoundary extends Component<{ children: ReactNode }, State> {
  override state: State = { failed: false }

  static getDerivedStateFromError(): State {
    return { failed: true }
  }

  override componentDidCatch(error: unknown, info: ErrorInfo): void {
    console.error(error, info.componentStack)
  }

  override render(): ReactNode {
    if (!this.state.failed) return this.props.children
    return (
      <Alert color="red" variant="outline" title="This page broke" role="alert">
        <p>It is a mistake in the console; nothing was done to the fleet. The command line shows the same.</p>
        <Button size="xs" variant="default" onClick={() => window.location.reload()}>
          Load it again
        </Button>
      </Alert>
    )
  }
}
