"""Orders, refunds, subscriptions and their MRR movements, exchange rates: one way in for every source."""
