"""Pages of segments, for staff."""
