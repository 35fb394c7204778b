"""Gridgift: the gift card server for Second Life stores."""

__version__ = "0.1.0"
