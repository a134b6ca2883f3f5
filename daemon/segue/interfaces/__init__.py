"""Visitors' languages, translated to actions and from snapshots."""
