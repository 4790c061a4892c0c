"""Draws three mice seen from above, with everything they do known: the behaviour sample."""
