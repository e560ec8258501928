import './nonce.ts'
import { MantineProvider } from '@mantine/core'
import '@mantine/core/styles.css'
import { ModalsProvider } from '@mantine/modals'
import { Notifications } from '@mantine/notifications'
import '@mantine/notifications/styles.css'
import { QueryClientProvider } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import { followLive, queryClient } from './live/queries.ts'
import { nonce } from './nonce.ts'
import './style.css'
import { cssVariables, theme } from './theme.ts'

followLive()

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariables}
      defaultColorScheme="auto"
      getStyleNonce={() => nonce}
    >
      <QueryClientProvider client={queryClient}>
        <ModalsProvider modalProps={{ size: 'lg', closeButtonProps: { 'aria-label': 'Close' } }}>
          {/* Below dialogs, whose buttons they would cover. */}
          <Notifications zIndex={150} position="bottom-right" limit={4} />
          <App />
        </ModalsProvider>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
)
