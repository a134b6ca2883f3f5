"""The sound of the rooms: hearing Plex, driving the receiver, and never being louder than a person wants.

`reducer.py` is the table of contents; `sessions.py` hears Plex, `receiver.py` hears the receiver, `requests.py` hears
people, `sound.py` moves the level, `fade.py` and `levels.py` are the arithmetic.
"""
