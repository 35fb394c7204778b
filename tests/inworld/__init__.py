"""Scripts for Second Life, run in a small world against a real server over HTTP."""
