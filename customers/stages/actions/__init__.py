"""Writes of stages: rules, evaluations, personas, usage."""
