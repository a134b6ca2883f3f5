"""seguectl: the standard library only, so that it starts fast."""
