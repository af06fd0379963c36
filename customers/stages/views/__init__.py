"""Pages of stages, personas and usage."""
