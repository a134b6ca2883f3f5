"""The place of the party domain: friends in other homes, in step to the frame.

Empty until that domain comes. It will have the same shape as `core.music` (actions, state, effects, reducer) and join
`core/state.py`, `core/actions.py`, `core/effects.py` and `core/reducer.py` with one line in each.
"""
