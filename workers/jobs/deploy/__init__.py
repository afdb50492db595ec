"""The stages of a deploy, and what they ask of the record and of each other."""
