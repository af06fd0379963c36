"""The definition language of segments: what may be asked, how it is read, what it means."""
