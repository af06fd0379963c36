"""Writes of this package: merging and undoing, exports, erasure, retention."""
