"""What changes journeys and the people inside them."""
