"""Orders, subscriptions, products and rates as pages and other apps read them."""
