"""Pages of the tracking plan."""
