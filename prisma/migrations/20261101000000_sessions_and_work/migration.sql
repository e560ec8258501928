-- Machines, sessions and work: section by section what BMDB stands on.
--
-- Written for CockroachDB and PostgreSQL alike: TEXT, UUID, INT4, INT8, TIMESTAMPTZ, no enums, no sequences, and one
-- statement after the other, each harmless when it is run again (CockroachDB's DDL is not transactional).
-- Every statement ends with a semicolon at the end of a line; a line `-- only: postgresql` makes the next one run there alone.

CREATE TABLE IF NOT EXISTS machines (
    machine_id UUID NOT NULL DEFAULT gen_random_uuid(),
    machine_created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT machines_pkey PRIMARY KEY (machine_id)
);

CREATE INDEX IF NOT EXISTS machines_created_at_idx ON machines (machine_created_at);

-- Written once, locked by guards, deleted at the end. Beats never touch it.
CREATE TABLE IF NOT EXISTS sessions (
    session_id UUID NOT NULL,
    session_component_name TEXT NOT NULL,
    session_runtime_info TEXT NOT NULL,
    session_created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    session_interval_seconds INT4 NOT NULL,
    CONSTRAINT sessions_pkey PRIMARY KEY (session_id),
    CONSTRAINT sessions_component_name_check CHECK (length(session_component_name) BETWEEN 1 AND 128),
    CONSTRAINT sessions_interval_seconds_check CHECK (session_interval_seconds BETWEEN 1 AND 3600)
);

-- All that a beat writes. No index on the deadline, so that every beat is a heap-only update.
CREATE TABLE IF NOT EXISTS session_leases (
    session_id UUID NOT NULL,
    session_deadline TIMESTAMPTZ NOT NULL,
    CONSTRAINT session_leases_pkey PRIMARY KEY (session_id),
    CONSTRAINT session_leases_session_id_fkey FOREIGN KEY (session_id) REFERENCES sessions (session_id) ON DELETE CASCADE
);

-- Room in every page for the next version of its rows.
-- only: postgresql
ALTER TABLE session_leases SET (fillfactor = 50);

-- The lock itself is the unique key. NO ACTION towards sessions: work is always ended by a statement that writes its
-- history, so a row that was forgotten is an error and not a silent loss.
CREATE TABLE IF NOT EXISTS work (
    machine_id UUID NOT NULL,
    session_id UUID NOT NULL,
    process TEXT NOT NULL,
    work_token INT8 NOT NULL,
    work_started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT work_pkey PRIMARY KEY (machine_id, session_id, process),
    CONSTRAINT work_machine_id_process_key UNIQUE (machine_id, process),
    CONSTRAINT work_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines (machine_id) ON DELETE RESTRICT,
    CONSTRAINT work_session_id_fkey FOREIGN KEY (session_id) REFERENCES sessions (session_id) ON DELETE NO ACTION,
    CONSTRAINT work_process_check CHECK (length(process) BETWEEN 1 AND 128)
);

CREATE INDEX IF NOT EXISTS work_session_id_idx ON work (session_id);

CREATE TABLE IF NOT EXISTS work_backoff (
    machine_id UUID NOT NULL,
    process TEXT NOT NULL,
    until TIMESTAMPTZ NOT NULL,
    cause TEXT NOT NULL,
    last_interval_seconds INT8 NULL,
    CONSTRAINT work_backoff_pkey PRIMARY KEY (machine_id, process),
    CONSTRAINT work_backoff_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines (machine_id) ON DELETE CASCADE
);

-- The last token given out, and when. No foreign key: a machine that is deleted and comes back must not start from 1.
CREATE TABLE IF NOT EXISTS work_tokens (
    machine_id UUID NOT NULL,
    process TEXT NOT NULL,
    token INT8 NOT NULL,
    touched_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT work_tokens_pkey PRIMARY KEY (machine_id, process)
);

-- "Longest untouched first".
CREATE INDEX IF NOT EXISTS work_tokens_process_touched_at_idx ON work_tokens (process, touched_at);

-- No foreign keys: history outlives machines and sessions.
CREATE TABLE IF NOT EXISTS work_history (
    work_history_id UUID NOT NULL,
    machine_id UUID NOT NULL,
    process TEXT NOT NULL,
    event TEXT NOT NULL,
    timestamp TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    session_id UUID NOT NULL,
    component_name TEXT NOT NULL,
    work_token INT8 NOT NULL,
    failed_cause TEXT NULL,
    CONSTRAINT work_history_pkey PRIMARY KEY (work_history_id)
);

CREATE INDEX IF NOT EXISTS work_history_machine_id_timestamp_idx ON work_history (machine_id, timestamp);

-- A session with its deadline; alive by the database's clock at the start of the asking transaction.
CREATE OR REPLACE VIEW session_status AS
    SELECT s.session_id, s.session_component_name, s.session_runtime_info, s.session_created_at,
           s.session_interval_seconds, l.session_deadline, (l.session_deadline > now()) AS session_alive
    FROM sessions AS s JOIN session_leases AS l ON l.session_id = s.session_id;

-- Work that counts: a filter "has no work row" would hide the machines of dead holders.
CREATE OR REPLACE VIEW work_held AS
    SELECT w.machine_id, w.session_id, w.process, w.work_token, w.work_started_at
    FROM work AS w JOIN session_leases AS l ON l.session_id = w.session_id
    WHERE l.session_deadline > now();

CREATE OR REPLACE VIEW work_backoff_active AS
    SELECT b.machine_id, b.process, b.until, b.cause FROM work_backoff AS b WHERE b.until > now();
