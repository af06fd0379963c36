"""What a message may hold and what it means: pure, no database."""
