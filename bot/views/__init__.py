"""How everything looks in Slack. Pure functions: values in, messages out."""
