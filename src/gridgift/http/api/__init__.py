"""The API: a module for each noun, with its schemas, its handlers and its rows of the table."""
