"""A file for each part of the dashboard: forms, handlers, rows of its table."""
