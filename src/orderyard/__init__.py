"""Orderyard: an order management system built as a suite of plugins."""

__version__ = "0.1.0"
