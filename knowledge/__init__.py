"""Runbooks and other documents: read, chunked, embedded, stored and retrieved."""
