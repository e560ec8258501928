import { Route, Switch, useLocation } from 'wouter'
import { BackoffsPage } from './pages/backoffs.tsx'
import { FleetPage } from './pages/fleet.tsx'
import { HistoryPage } from './pages/history.tsx'
import { MachinePage } from './pages/machine.tsx'
import { MachinesPage } from './pages/machines.tsx'
import { NotFoundPage } from './pages/not-found.tsx'
import { ProcessPage } from './pages/process.tsx'
import { SessionPage } from './pages/session.tsx'
import { SessionsPage } from './pages/sessions.tsx'
import { WorkPage } from './pages/work.tsx'
import { ErrorBoundary } from './parts/error-boundary.tsx'
import { Shell } from './parts/shell.tsx'

/** The pages and their paths. Each is made anew for another path, so that nothing of one stays in the next. */
export function App() {
  const [path] = useLocation()
  return (
    <Shell>
      <ErrorBoundary key={path}>
        <Switch>
          <Route path="/">
            <FleetPage />
          </Route>
          <Route path="/machines">
            <MachinesPage />
          </Route>
          <Route path="/machines/:id">{({ id }) => <MachinePage id={id} />}</Route>
          <Route path="/sessions">
            <SessionsPage />
          </Route>
          <Route path="/sessions/:id">{({ id }) => <SessionPage id={id} />}</Route>
          <Route path="/work">
            <WorkPage />
          </Route>
          <Route path="/backoffs">
            <BackoffsPage />
          </Route>
          <Route path="/processes/:name">{({ name }) => <ProcessPage name={name} />}</Route>
          <Route path="/history">
            <HistoryPage />
          </Route>
          <Route>
            <NotFoundPage />
          </Route>
        </Switch>
      </ErrorBoundary>
    </Shell>
  )
}
