"""Everything that is kept in Redis: operations, cards, leases, releases, verdicts, the audit."""
