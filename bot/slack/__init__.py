"""Calls to Slack's Web API: sessions, errors, rates and the one sender."""
