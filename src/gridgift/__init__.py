"""Gridgift: the gift card server for Second Life stores."""

from importlib.metadata import version

__version__ = version("gridgift")
