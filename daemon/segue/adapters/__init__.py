"""Foreign protocols, one per file; nothing here knows segue."""
