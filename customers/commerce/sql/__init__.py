"""What the database itself is told."""
