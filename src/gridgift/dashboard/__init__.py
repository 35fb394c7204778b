"""The dashboard: pages for the people of a store."""
