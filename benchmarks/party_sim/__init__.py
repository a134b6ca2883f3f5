"""A party that is simulated: players no kinder than real ones, links, clocks, faults, and several sets of rules.

Everything happens in virtual time from seeds. All rule sets get the same world: the same viewers, players, links,
clocks, group actions and stalls. Ours is not re-implemented here: `ours` drives `segue.core.party.sync` itself.

What a rule set may know is what a timeline, a link and a clock tell it: all with delay, and none of the truth.
"""
