"""The tracking plan: events, properties and attributes seen, with their types."""
