"""`quaymaster.yml`: its schema, rules and values, its errors, and its revisions."""
