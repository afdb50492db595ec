"""The chat page: a small Slack client in the browser, over this server alone."""

from local_slack.page.app import Page

__all__ = ["Page"]
