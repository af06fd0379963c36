"""Orders, refunds, cancellations, subscriptions, rates: what writes."""
