"""Writes of segments: saving rules, keeping members fresh, lists."""
