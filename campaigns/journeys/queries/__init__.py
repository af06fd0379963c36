"""What pages and ticks read about journeys."""
