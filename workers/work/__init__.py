"""What a job is handed: its report, its leases, its steps and its tools."""
