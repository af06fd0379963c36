"""Journey stage, persona and product usage by rules that staff edit."""
