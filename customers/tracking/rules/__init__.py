"""Decisions of the tracking plan: types, masks, plan files."""
