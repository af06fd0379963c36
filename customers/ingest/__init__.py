"""What the company's own programs send: the Segment-shaped API, keys, identities."""
