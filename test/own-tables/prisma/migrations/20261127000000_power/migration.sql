-- What the machine's power feed gives.

CREATE TABLE IF NOT EXISTS machine_power_feed (
    machine_id UUID NOT NULL,
    power_feed_watts INT4 NOT NULL,
    power_feed_checked_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT machine_power_feed_pkey PRIMARY KEY (machine_id),
    CONSTRAINT machine_power_feed_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines (machine_id) ON DELETE CASCADE
);
