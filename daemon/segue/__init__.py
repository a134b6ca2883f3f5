"""segue: one daemon that conducts a house built around Plex."""

__version__ = "0.1.0"
