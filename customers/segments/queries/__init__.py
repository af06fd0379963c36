"""Reads of segments: who matches a definition, who is a member, what a definition says in words."""
