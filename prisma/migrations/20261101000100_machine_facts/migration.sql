-- Facts about machines: one table a fact, keyed by the machine; the row's presence is the fact.

CREATE TABLE IF NOT EXISTS machine_bmc (
    machine_id UUID NOT NULL,
    bmc_address TEXT NOT NULL,
    CONSTRAINT machine_bmc_pkey PRIMARY KEY (machine_id),
    CONSTRAINT machine_bmc_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines (machine_id) ON DELETE CASCADE
);

CREATE TABLE IF NOT EXISTS machine_hardware_report (
    machine_id UUID NOT NULL,
    hardware_report JSONB NOT NULL,
    hardware_reported_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT machine_hardware_report_pkey PRIMARY KEY (machine_id),
    CONSTRAINT machine_hardware_report_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines (machine_id) ON DELETE CASCADE
);
