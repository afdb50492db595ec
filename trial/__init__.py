"""``quaymaster try``: the whole product on one machine, without Slack, with a sample world."""
