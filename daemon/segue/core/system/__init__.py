"""The daemon itself as part of the house: its health, its watchdog, its end."""
