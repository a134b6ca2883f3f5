"""Two homes with real players: a headless mpv each, behind a Companion face that is no kinder than a television.

Nothing is simulated but the line between the homes, which delays every message by 15 to 120 ms, and two clocks that
do not agree. The truth is mpv's own audio clock, asked over its socket; no rule set ever sees it.
"""
