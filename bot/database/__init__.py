"""The record as the bot's edge sees it: answered in time, or not at all."""
