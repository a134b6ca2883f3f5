"""seguectl: the standard library only, so that it starts fast.

Every command is one short process, so what it imports is what it costs. `seguectl.py` is the entry, `commands.py` the
table of what there is (help, completions and the man page are made from it), `client.py` speaks HTTP over one socket.
What only some commands need (tables, stories, the live view, explanations of failures) is imported by those commands.
`typing` and `dataclasses` alone would cost as much as Python's own start, so they are not used here.
"""
