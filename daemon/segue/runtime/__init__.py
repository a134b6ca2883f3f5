"""What serves all actors alike: store, journal, inboxes, supervisor, systemd, the HTTP server."""
