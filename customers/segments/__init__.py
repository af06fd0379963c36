"""Segments: named sets of customers, defined by rules or by a list, kept fresh as events arrive and time passes."""
