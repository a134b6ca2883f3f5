"""The mathematics of being in step, sans-IO: events and the time go in, orders come out. PURE.

Read in this order: `target` (where the film should be), `clock` (what time it is at the server), `phase` (where a
player is), `latency` (what a player is like), `agent` (what can be going on), `controller` (the one function), and then
`cueing` and `drifting`, which are what it does. `turn` holds the only places where a player is commanded.
"""
