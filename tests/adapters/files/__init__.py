"""Moving bytes: the parts, one by one, on real files."""
