"""Reads of stages: counts, previews, panels, fields."""
