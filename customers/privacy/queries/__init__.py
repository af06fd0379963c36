"""Reads of this package: doubles, previews, requests."""
