"""The outside world of sources: one HTTP client, two interfaces."""
