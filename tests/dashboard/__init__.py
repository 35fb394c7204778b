"""Tests of the dashboard, over HTTP in this process."""
