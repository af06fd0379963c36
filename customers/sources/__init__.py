"""Stripe and Shopify: webhooks in, nightly reconciliation."""
