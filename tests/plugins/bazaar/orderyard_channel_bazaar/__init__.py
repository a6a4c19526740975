"""Bazaar as a sales channel."""
