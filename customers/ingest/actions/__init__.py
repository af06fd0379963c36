"""Writes of the ingest API: keys, accepting requests, taking messages in."""
