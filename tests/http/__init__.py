"""Mirrors ``gridgift.http``."""
