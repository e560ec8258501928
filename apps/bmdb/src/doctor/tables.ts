type Privilege = 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE'

const all: readonly Privilege[] = ['SELECT', 'INSERT', 'UPDATE', 'DELETE']
const append: readonly Privilege[] = ['SELECT', 'INSERT']
const read: readonly Privilege[] = ['SELECT']

/** What a program's role needs, table by table and view by view. */
export const neededPrivileges: Readonly<Record<string, readonly Privilege[]>> = {
  machines: all,
  machine_bmc: all,
  machine_hardware_report: all,
  machine_failure_domains: all,
  sessions: all,
  session_leases: all,
  work: all,
  work_backoff: all,
  work_tokens: all,
  work_progress: all,
  work_releases: all,
  processes: all,
  process_conflicts: all,
  process_domain_limits: all,
  work_history: append,
  session_history: append,
  operator_history: append,
  session_status: read,
  work_held: read,
  work_backoff_active: read,
  work_excluded_by_rules: read,
  machine_locked_out: read,
  process_domains_full: read,
  _prisma_migrations: read,
}

/** Indexes that keep claims, sweeps and lists fast, besides those of keys. */
export const neededIndexes: readonly string[] = [
  'machines_machine_created_at_machine_id_idx',
  'machines_locked_out_at_idx',
  'machine_failure_domains_kind_failure_domain_idx',
  'work_session_id_idx',
  'work_work_started_at_machine_id_process_idx',
  'work_backoff_until_machine_id_process_idx',
  'work_backoff_parked_at_machine_id_process_idx',
  'sessions_session_created_at_session_id_idx',
  'session_history_session_ended_at_session_id_idx',
  'work_tokens_process_touched_at_idx',
  'work_releases_session_id_idx',
  'work_history_machine_id_timestamp_idx',
  'work_history_timestamp_work_history_id_idx',
  'operator_history_timestamp_operator_history_id_idx',
  'operator_history_machine_id_timestamp_idx',
]
