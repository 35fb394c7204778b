"""The resident's page in a real browser."""
