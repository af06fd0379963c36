"""Writes of sources: connections, webhooks received, what they say, the nightly pull."""
