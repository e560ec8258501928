-- Sessions that are over, and the indexes by which operators page through the fleet.

-- The longest first, before anything else is locked.
CREATE INDEX IF NOT EXISTS work_history_timestamp_work_history_id_idx ON work_history (timestamp, work_history_id);

-- Written in the transaction that deletes the session.
CREATE TABLE IF NOT EXISTS session_history (
    session_id UUID NOT NULL,
    session_component_name TEXT NOT NULL,
    session_runtime_info TEXT NOT NULL,
    session_created_at TIMESTAMPTZ NOT NULL,
    session_interval_seconds INT4 NOT NULL,
    session_ended_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    event TEXT NOT NULL,
    reason TEXT NULL,
    CONSTRAINT session_history_pkey PRIMARY KEY (session_id)
);

CREATE INDEX IF NOT EXISTS session_history_session_ended_at_session_id_idx ON session_history (session_ended_at, session_id);

CREATE INDEX IF NOT EXISTS sessions_session_created_at_session_id_idx ON sessions (session_created_at, session_id);

-- Instead of the one without the id: machines that were registered together have one time.
CREATE INDEX IF NOT EXISTS machines_machine_created_at_machine_id_idx ON machines (machine_created_at, machine_id);

CREATE INDEX IF NOT EXISTS work_work_started_at_machine_id_process_idx ON work (work_started_at, machine_id, process);

CREATE INDEX IF NOT EXISTS work_backoff_until_machine_id_process_idx ON work_backoff (until, machine_id, process);

CREATE INDEX IF NOT EXISTS work_backoff_parked_at_machine_id_process_idx ON work_backoff (parked_at, machine_id, process);

CREATE INDEX IF NOT EXISTS operator_history_timestamp_operator_history_id_idx ON operator_history (timestamp, operator_history_id);

DROP INDEX IF EXISTS operator_history_timestamp_idx;

DROP INDEX IF EXISTS machines_created_at_idx;
