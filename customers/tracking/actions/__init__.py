"""Writes of the tracking plan."""
