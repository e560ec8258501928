-- Rules that bind every claim (conflicts, limits of failure domains, pause, lock-out, parking, retirement), what operators
-- do and why, and the progress of work. Breaking: programs from before would claim without asking for the rules.

ALTER TABLE machines ADD COLUMN IF NOT EXISTS machine_retired_at TIMESTAMPTZ NULL;

-- Maintenance: nobody claims the machine, until then or, where that is NULL, until an operator ends it.
ALTER TABLE machines ADD COLUMN IF NOT EXISTS machine_locked_out_at TIMESTAMPTZ NULL;

ALTER TABLE machines ADD COLUMN IF NOT EXISTS machine_locked_out_until TIMESTAMPTZ NULL;

ALTER TABLE machines ADD COLUMN IF NOT EXISTS machine_locked_out_by TEXT NULL;

ALTER TABLE machines ADD COLUMN IF NOT EXISTS machine_lock_out_reason TEXT NULL;

CREATE INDEX IF NOT EXISTS machines_locked_out_at_idx ON machines (machine_locked_out_at);

-- What fails together: the rack, the site, the power feed of a machine. One of each kind.
CREATE TABLE IF NOT EXISTS machine_failure_domains (
    machine_id UUID NOT NULL,
    kind TEXT NOT NULL,
    failure_domain TEXT NOT NULL,
    CONSTRAINT machine_failure_domains_pkey PRIMARY KEY (machine_id, kind),
    CONSTRAINT machine_failure_domains_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines (machine_id) ON DELETE CASCADE
);

CREATE INDEX IF NOT EXISTS machine_failure_domains_kind_failure_domain_idx ON machine_failure_domains (kind, failure_domain);

-- Processes that were declared or paused. has_rules: it has conflicts or limits, so that its claims lock before they decide.
CREATE TABLE IF NOT EXISTS processes (
    process TEXT NOT NULL,
    declared_at TIMESTAMPTZ NULL,
    declared_by TEXT NULL,
    declaration JSONB NULL,
    has_rules BOOL NOT NULL DEFAULT false,
    paused_at TIMESTAMPTZ NULL,
    paused_by TEXT NULL,
    paused_reason TEXT NULL,
    CONSTRAINT processes_pkey PRIMARY KEY (process),
    CONSTRAINT processes_process_check CHECK (length(process) BETWEEN 1 AND 128)
);

-- Never on one machine at the same time. Both directions are stored.
CREATE TABLE IF NOT EXISTS process_conflicts (
    process TEXT NOT NULL,
    conflicts_with TEXT NOT NULL,
    CONSTRAINT process_conflicts_pkey PRIMARY KEY (process, conflicts_with)
);

-- At most so many machines of one failure domain of that kind at a time.
CREATE TABLE IF NOT EXISTS process_domain_limits (
    process TEXT NOT NULL,
    kind TEXT NOT NULL,
    maximum INT4 NOT NULL,
    CONSTRAINT process_domain_limits_pkey PRIMARY KEY (process, kind),
    CONSTRAINT process_domain_limits_maximum_check CHECK (maximum >= 1)
);

-- Failures since the last success, and whether the process stays away until an operator says otherwise.
ALTER TABLE work_backoff ADD COLUMN IF NOT EXISTS attempts INT8 NOT NULL DEFAULT 0;

ALTER TABLE work_backoff ADD COLUMN IF NOT EXISTS parked_at TIMESTAMPTZ NULL;

ALTER TABLE work_backoff ADD COLUMN IF NOT EXISTS parked_by TEXT NULL;

ALTER TABLE work_backoff ADD COLUMN IF NOT EXISTS parked_reason TEXT NULL;

-- The operator who set the backoff: it is not shortened by what the holder of that time does.
ALTER TABLE work_backoff ADD COLUMN IF NOT EXISTS set_by TEXT NULL;

-- Operators asking holders to let go; the holder's next beat brings it. Means the work with this token only.
CREATE TABLE IF NOT EXISTS work_releases (
    machine_id UUID NOT NULL,
    process TEXT NOT NULL,
    work_token INT8 NOT NULL,
    session_id UUID NOT NULL,
    requested_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    requested_by TEXT NOT NULL,
    reason TEXT NOT NULL,
    CONSTRAINT work_releases_pkey PRIMARY KEY (machine_id, process),
    CONSTRAINT work_releases_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines (machine_id) ON DELETE CASCADE
);

CREATE INDEX IF NOT EXISTS work_releases_session_id_idx ON work_releases (session_id);

-- How far the work with this token is; past the deadline without a further report it is alive, but stuck.
CREATE TABLE IF NOT EXISTS work_progress (
    machine_id UUID NOT NULL,
    process TEXT NOT NULL,
    work_token INT8 NOT NULL,
    message TEXT NOT NULL,
    percent INT4 NULL,
    reported_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    progress_deadline TIMESTAMPTZ NULL,
    CONSTRAINT work_progress_pkey PRIMARY KEY (machine_id, process),
    CONSTRAINT work_progress_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines (machine_id) ON DELETE CASCADE,
    CONSTRAINT work_progress_percent_check CHECK (percent BETWEEN 0 AND 100)
);

-- What operators did, and why. The id is chosen by the client: the mark under which a lost answer is found again.
CREATE TABLE IF NOT EXISTS operator_history (
    operator_history_id UUID NOT NULL,
    timestamp TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    operator TEXT NOT NULL,
    action TEXT NOT NULL,
    reason TEXT NOT NULL,
    machine_id UUID NULL,
    process TEXT NULL,
    session_id UUID NULL,
    CONSTRAINT operator_history_pkey PRIMARY KEY (operator_history_id)
);

CREATE INDEX IF NOT EXISTS operator_history_timestamp_idx ON operator_history (timestamp);

CREATE INDEX IF NOT EXISTS operator_history_machine_id_timestamp_idx ON operator_history (machine_id, timestamp);

-- Lock-outs in force.
CREATE OR REPLACE VIEW machine_locked_out AS
    SELECT m.machine_id, m.machine_locked_out_at AS locked_out_at, m.machine_locked_out_until AS locked_out_until,
           m.machine_locked_out_by AS locked_out_by, m.machine_lock_out_reason AS reason
    FROM machines AS m
    WHERE m.machine_locked_out_at IS NOT NULL
      AND (m.machine_locked_out_until IS NULL OR m.machine_locked_out_until > now());

-- Failure domains in which a process may begin nothing more now.
CREATE OR REPLACE VIEW process_domains_full AS
    SELECT r.process, r.kind, d.failure_domain, r.maximum, count(*) AS held
    FROM process_domain_limits AS r
    JOIN work_held AS w ON w.process = r.process
    JOIN machine_failure_domains AS d ON d.machine_id = w.machine_id AND d.kind = r.kind
    GROUP BY r.process, r.kind, d.failure_domain, r.maximum
    HAVING count(*) >= r.maximum;

-- What keeps a process off a machine on which it failed: a backoff, or that it was parked.
CREATE OR REPLACE VIEW work_backoff_active AS
    SELECT b.machine_id, b.process, b.until, b.cause FROM work_backoff AS b
    WHERE b.until > now() OR b.parked_at IS NOT NULL;

-- Machines on which the rules of a process keep it from beginning now, with a row for each reason.
CREATE OR REPLACE VIEW work_excluded_by_rules AS
    SELECT w.machine_id, c.process, 'conflict' AS reason
    FROM process_conflicts AS c JOIN work_held AS w ON w.process = c.conflicts_with
    UNION ALL
    SELECT d.machine_id, f.process, 'failure domain' AS reason
    FROM process_domains_full AS f
    JOIN machine_failure_domains AS d ON d.kind = f.kind AND d.failure_domain = f.failure_domain;
