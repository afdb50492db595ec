"""The audit: a chain of signed entries, checked, exported and looked into."""
