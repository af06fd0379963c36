"""Staff pages of journeys."""
