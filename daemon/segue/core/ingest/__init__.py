"""The place of the ingest domain: the life of a file from the ingest folder into the library, as a phase machine.

Empty until that domain comes. It will have the same shape as `core.music` (actions, state, effects, reducer) and join
`core/state.py`, `core/actions.py`, `core/effects.py` and `core/reducer.py` with one line in each.
"""
