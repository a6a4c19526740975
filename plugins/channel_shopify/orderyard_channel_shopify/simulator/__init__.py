"""A Shopify shop on loopback, with books of its own; it shares no code with the adapter it judges."""
