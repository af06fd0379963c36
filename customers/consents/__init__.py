"""Consent pages: suppression list, sign-up forms, double opt-in, preferences."""
