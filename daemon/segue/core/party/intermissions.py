"""When a film pauses by itself. Moments are milliseconds of the film, so that pauses of people change nothing.

Decided here, and tested: a seek forward over a boundary skips it, for nobody watched up to it. Going back behind a
boundary that was skipped makes it due again; going back behind one that was held does not, for it has been had. So all
that is remembered is what was held, and the plan follows from the position alone.
"""

from collections.abc import Collection

from segue.core.party.settings import IntermissionRules


def boundaries(rules: IntermissionRules, duration_ms: int) -> tuple[int, ...]:
    """Give all moments at which a film of this length pauses, rising."""
    if not rules.enabled or rules.length_s <= 0:
        return ()
    if rules.times_s:
        moments = sorted({moment * 1000 for moment in rules.times_s})
    else:
        moments = [rules.first_s * 1000]
        while moments[-1] < duration_ms:
            moments.append(moments[-1] + rules.every_s * 1000)
        remain_ms = rules.remain_s * 1000
        moments = [m for i, m in enumerate(moments) if i == 0 or duration_ms - m > remain_ms]
    return tuple(m for m in moments if fits(rules, duration_ms, m))


def fits(rules: IntermissionRules, duration_ms: int, moment_ms: int) -> bool:
    """Tell whether enough of the film remains after a moment for a pause to be worth it. Never true at the end."""
    return moment_ms < duration_ms and duration_ms - moment_ms >= rules.guard_s * 1000


def next_boundary(
    rules: IntermissionRules, duration_ms: int, position_ms: int, held: Collection[int]
) -> int | None:
    """Give the first boundary after a position that was not held yet, or nothing."""
    return next((m for m in boundaries(rules, duration_ms) if m > position_ms and m not in held), None)
