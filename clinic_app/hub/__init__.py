"""The clinic's head office: an HTTP server over the same storage, one change feed, one token per workstation."""
