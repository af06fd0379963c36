"""Reads of the ingest API: keys, what waits, what went wrong."""
