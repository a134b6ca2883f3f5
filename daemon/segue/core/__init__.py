"""The heart: what the house decides. PURE: no IO, no clock, no randomness, no logging.

Six words are enough to read it.

**Action**   something that happened or was asked, as frozen data (`music.volume_changed`).
**Reducer**  `(state, action, stamp) -> (state, effects)`; each domain has one.
**Effect**   something to be done outside, as frozen data with a `why` (`SetVolume`).
**Stamp**    what the moment was: a sequence number, two clocks, some entropy. There is no other clock.
**Deadline** a moment kept in the state, a field named `..._at`; the store wakes the core when it is due.
**Rule**     a decision that concerns more than one part, in `rules.py`: looks at the joint state, returns actions.

The loop around it (`segue.runtime.store`) is, in full::

    stamp    = next stamp                        # seq, clocks, entropy
    state, effects = step(state, action, stamp)  # core/reducer.py
    for action in settle(state):                 # core/rules.py, at most 8 rounds, each action a step of its own
        ...
    journal.append(...)                          # one transaction: the rows and the changed durable slices
    publish(state)                               # doors read snapshots, never ask the core
    for effect in effects: issue(effect)         # to the actor that owns it; some wait for the commit first

Read `music/reducer.py` next: its `reduce` is the table of contents of everything a receiver may hear from us.
"""
