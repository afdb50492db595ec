"""A local server that speaks Slack's Web API, Socket Mode and interactivity, as strictly as Slack does."""
