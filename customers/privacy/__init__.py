"""Copies of all data, erasure, retention, and merging two customers."""
