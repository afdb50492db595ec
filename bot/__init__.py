"""Everything that speaks Slack: listens, decides, draws, delivers."""
