"""Signatures, bodies, and what the webhooks of Stripe and Shopify mean; no database."""
