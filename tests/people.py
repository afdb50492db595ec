"""The people of the workspace that the tests act in, by their Slack ids."""

ALICE, BOB, CAROL = "U024BE7LH", "U0BOB", "U0CAROL"
DAVE, EVE = "U0DAVE", "U0EVE"
