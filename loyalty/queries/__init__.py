"""Reads of the loyalty programme."""
