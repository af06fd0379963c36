"""Writes of the loyalty programme."""
