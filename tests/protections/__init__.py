"""Each protection is taken away in turn, and the test that guards it has to turn red."""
