"""Everything that Redis holds: operations, cards, leases, releases, verdicts, the audit."""
