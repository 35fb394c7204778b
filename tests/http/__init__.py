"""Mirrors ``gridgift.http``."""  # noqa: A005 - the name is not a module of its own
