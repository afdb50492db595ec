"""What the bot and the workers agree on: words, records, rules, errors, settings."""
