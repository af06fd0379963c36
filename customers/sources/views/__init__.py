"""Pages and the one public address of sources."""
