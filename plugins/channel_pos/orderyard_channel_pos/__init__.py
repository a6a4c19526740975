"""A shop counter as a sales channel of Orderyard."""
