"""A nick speaks for a user once the house has confirmed its code, and only while it is certain who has it."""

import shlex
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.core.party import nicks
from segue.core.party.nicks import (
    ANOTHER_CODE_S,
    ASKING_MAX,
    BINDINGS_MAX,
    CODE_S,
    Binding,
    NickAsked,
    NickConfirmRequested,
    NickGone,
    Nicks,
    NickUnbindRequested,
    TellNick,
    user_of,
)
from segue.core.party.reducer import next_deadline
from segue.core.party.state import DurableParties, PartyState, durable, revived
from segue.core.stamp import Stamp
from segue.core.vocabulary import Accept, Out, Refuse
from tests.core.party.evening import Evening


@pytest.fixture
def evening() -> Evening:
    return Evening()


def code_of(evening: Evening, nick: str) -> str:
    return next(a.code for a in evening.state.nicks.asking if a.nick == nick)


def bind(evening: Evening, nick: str, username: str, account: str = "") -> None:
    evening.act(NickAsked(nick, account, username))
    evening.act(NickConfirmRequested(code_of(evening, nick), username))
    assert evening.refused == ""


def said(evening: Evening) -> list[str]:
    return [effect.text for effect in evening.last_step if isinstance(effect, TellNick)]


# ------------------------------------------------------------------ the way to a binding


def test_a_nick_speaks_for_nobody_until_the_house_has_confirmed_its_code(evening: Evening) -> None:
    evening.act(NickAsked("Annie", username="ann"))
    code = code_of(evening, "Annie")
    assert len(code) == 6
    assert f"seguectl party nick {code} ann" in evening.last(TellNick).text
    assert user_of(evening.state.nicks, "Annie") == ""
    evening.act(NickConfirmRequested(f" {code.lower()} ", "ann"))
    assert user_of(evening.state.nicks, "annie") == "ann"
    assert "nick Annie speak for ann" in evening.last(Accept).doing
    assert evening.last(TellNick).nick == "Annie"
    assert not evening.state.nicks.asking


def test_whoever_named_no_user_is_who_the_house_says(evening: Evening) -> None:
    evening.act(NickAsked("annie"))
    assert " YOUR-USERNAME" in evening.last(TellNick).text
    evening.act(NickConfirmRequested(code_of(evening, "annie"), "ann"))
    assert user_of(evening.state.nicks, "annie") == "ann"


@pytest.mark.parametrize(
    "username", ["ann b", "$(halt)", "it's me", "a;b", "`id`", '"', "ünal", "#", "~root"]
)
def test_the_line_that_is_to_be_pasted_is_one_for_a_shell(evening: Evening, username: str) -> None:
    """Anybody on IRC can make up a name; pasting the answer at the house must not run it."""
    evening.act(NickAsked("mallory", username=username))
    command = evening.last(TellNick).text.partition("at the house: ")[2]
    code = code_of(evening, "mallory")
    assert shlex.split(command) == ["seguectl", "party", "nick", code, username]


def test_a_code_is_not_confirmed_for_another_user_than_the_one_asked_for(evening: Evening) -> None:
    evening.act(NickAsked("mallory", username="mallory"))
    evening.act(NickConfirmRequested(code_of(evening, "mallory"), "ann"))
    assert evening.refused == "other_user"
    assert user_of(evening.state.nicks, "mallory") == ""
    assert evening.state.nicks.asking


@pytest.mark.parametrize("username", ["", "x" * 65, "a\nb", "\x00"])
def test_a_user_without_a_proper_name_is_refused(evening: Evening, username: str) -> None:
    evening.act(NickAsked("annie"))
    evening.act(NickConfirmRequested(code_of(evening, "annie"), username))
    assert evening.refused == "bad_user"
    evening.act(NickAsked("bob", username=username or "\t"))
    assert "1 to 64 characters" in said(evening)[0]
    assert len(evening.state.nicks.asking) == 1


def test_a_code_ends_after_ten_minutes(evening: Evening) -> None:
    evening.act(NickAsked("annie", username="ann"))
    code = code_of(evening, "annie")
    assert next_deadline(evening.state) == evening.now_at + CODE_S
    evening.later(CODE_S)
    assert not evening.state.nicks.asking
    assert next_deadline(evening.state) is None
    evening.act(NickConfirmRequested(code, "ann"))
    assert evening.refused == "unknown_code"


def test_a_code_is_used_once(evening: Evening) -> None:
    evening.act(NickAsked("annie", username="ann"))
    code = code_of(evening, "annie")
    evening.act(NickConfirmRequested(code, "ann"))
    evening.act(NickConfirmRequested(code, "ann"))
    assert evening.refused == "unknown_code"


def test_asking_again_says_the_same_code(evening: Evening) -> None:
    evening.act(NickAsked("annie", username="ann"))
    code = code_of(evening, "annie")
    evening.later(300)
    evening.act(NickAsked("annie", username="ann"))
    evening.act(NickAsked("ANNIE"))
    assert code_of(evening, "annie") == code
    assert all(f"party nick {code} ann" in effect.text for effect in evening.all(TellNick))
    assert "within 5 min" in evening.last(TellNick).text


def test_another_user_takes_another_code_and_not_at_once(evening: Evening) -> None:
    evening.act(NickAsked("annie", username="ann"))
    first = code_of(evening, "annie")
    evening.act(NickAsked("annie", username="bob"))
    assert "Not so fast" in said(evening)[0]
    assert code_of(evening, "annie") == first
    evening.later(ANOTHER_CODE_S)
    evening.act(NickAsked("annie", username="bob"))
    assert code_of(evening, "annie") != first
    evening.act(NickConfirmRequested(first, "ann"))
    assert evening.refused == "unknown_code"


def test_so_many_codes_wait_and_no_more(evening: Evening) -> None:
    for n in range(ASKING_MAX + 5):
        evening.act(NickAsked(f"nick{n}"))
    assert len(evening.state.nicks.asking) == ASKING_MAX
    assert "the limit" in said(evening)[0]
    assert len({a.code for a in evening.state.nicks.asking}) == ASKING_MAX


def test_two_nicks_never_share_a_code(evening: Evening) -> None:
    evening.act(NickAsked("annie"))
    evening.seq -= 1  # the same entropy again
    evening.act(NickAsked("bob"))
    assert len({a.code for a in evening.state.nicks.asking}) == 2


def test_so_many_nicks_are_bound_and_no_more(evening: Evening) -> None:
    many = Nicks(tuple(Binding(f"n{n}", "ann") for n in range(BINDINGS_MAX)))
    asked = nicks.reduced(many, NickAsked("bob", username="bob"), Out(Stamp(1, 0.0, 0.0, 5)))
    out = Out(Stamp(2, 0.0, 0.0, 6))
    assert nicks.reduced(asked, NickConfirmRequested(asked.asking[0].code, "bob"), out) is asked
    assert [effect.code for effect in out.effects if isinstance(effect, Refuse)] == ["too_many_nicks"]


def test_whoever_is_bound_is_told_so_and_gets_no_code(evening: Evening) -> None:
    bind(evening, "annie", "ann")
    evening.act(NickAsked("annie", username="ann"))
    assert said(evening) == ["You are ann already."]
    assert not evening.state.nicks.asking


def test_a_nick_can_become_another_user(evening: Evening) -> None:
    bind(evening, "annie", "ann")
    bind(evening, "annie", "bob")
    assert user_of(evening.state.nicks, "annie") == "bob"
    assert len(evening.state.nicks.bindings) == 1


# ------------------------------------------------------------------ who is certain, and who is not


def test_a_nick_that_left_speaks_for_nobody_even_when_it_is_back(evening: Evening) -> None:
    bind(evening, "annie", "ann")
    evening.act(NickGone("Annie"))
    assert user_of(evening.state.nicks, "annie") == ""
    evening.act(NickAsked("annie"))
    assert " ann" in said(evening)[0], "it is remembered for whom it spoke"
    evening.act(NickConfirmRequested(code_of(evening, "annie"), "ann"))
    assert user_of(evening.state.nicks, "annie") == "ann"
    assert len(evening.state.nicks.bindings) == 1


def test_a_code_goes_with_the_nick_that_was_given_it(evening: Evening) -> None:
    """Otherwise whoever takes the nick in these ten minutes would be the user."""
    evening.act(NickAsked("annie", username="ann"))
    code = code_of(evening, "annie")
    evening.act(NickGone("annie"))
    evening.act(NickConfirmRequested(code, "ann"))
    assert evening.refused == "unknown_code"


def test_nobody_is_certain_once_we_were_away(evening: Evening) -> None:
    bind(evening, "annie", "ann")
    bind(evening, "robert", "bob")
    evening.act(NickAsked("cob"))
    evening.act(NickGone())
    assert [user_of(evening.state.nicks, nick) for nick in ("annie", "robert")] == ["", ""]
    assert not evening.state.nicks.asking
    assert len(evening.state.nicks.bindings) == 2


def test_an_account_speaks_whatever_its_nick_and_nobody_with_its_nick_does(evening: Evening) -> None:
    bind(evening, "annie", "ann", account="Ann_Lee")
    evening.act(NickGone())
    assert user_of(evening.state.nicks, "annie", "ann_lee") == "ann"
    assert user_of(evening.state.nicks, "other", "ann_lee") == "ann"
    assert user_of(evening.state.nicks, "annie") == ""
    assert user_of(evening.state.nicks, "annie", "mallory") == ""
    assert user_of(evening.state.nicks, "ann_lee") == ""


def test_nicks_that_only_some_servers_take_for_the_same_are_two(evening: Evening) -> None:
    """A server with the case mapping `ascii` lets `ann{` live beside `ann[`; and the Kelvin sign is no k."""
    bind(evening, "ann[k", "ann")
    assert user_of(evening.state.nicks, "ANN[K") == "ann"
    assert user_of(evening.state.nicks, "ann{k") == ""
    assert user_of(evening.state.nicks, "ann[\u212a") == ""


def test_a_binding_outlives_the_process_but_not_its_certainty(evening: Evening) -> None:
    bind(evening, "annie", "ann")
    bind(evening, "robert", "bob", account="bob")
    evening.act(NickAsked("cob"))
    evening.restart()
    assert user_of(evening.state.nicks, "annie") == ""
    assert user_of(evening.state.nicks, "rob", "bob") == "bob"
    assert [b.username for b in evening.state.nicks.bindings] == ["ann", "bob"]
    assert not evening.state.nicks.asking


def test_bindings_and_parties_are_kept_together(evening: Evening) -> None:
    bind(evening, "annie", "ann")
    party_id = evening.party_of("ann")
    kept = durable(evening.state)
    asleep = revived(kept)
    assert durable(asleep) == kept, "also before the first step knows what time it is"
    evening.restart()
    assert party_id in evening.state.parties
    assert evening.state.nicks.bindings
    assert revived(DurableParties()) == PartyState()


def test_a_binding_is_taken_back_by_nick_or_account(evening: Evening) -> None:
    bind(evening, "annie", "ann")
    bind(evening, "robert", "bob", account="bob_s")
    evening.act(NickAsked("cob"))
    for name in ("ANNIE", "bob_s", "cob"):
        evening.act(NickUnbindRequested(name))
        assert evening.refused == ""
    assert evening.state.nicks == Nicks()
    evening.act(NickUnbindRequested("annie"))
    assert evening.refused == "unknown_nick"


def test_what_is_no_news_changes_nothing(evening: Evening) -> None:
    bind(evening, "annie", "ann")
    before = evening.state
    evening.act(NickGone("stranger"))
    assert evening.state is before


# ------------------------------------------------------------------ whatever happens

NICK = st.sampled_from(("ann", "Ann", "bob", "eve"))
ACCOUNT = st.sampled_from(("", "", "acc1", "acc2"))
USER = st.sampled_from(("", "ann", "bob"))
EVENT: st.SearchStrategy[tuple[str, Any]] = st.one_of(
    st.tuples(st.just("ask"), st.tuples(NICK, ACCOUNT, USER)),
    st.tuples(st.just("confirm"), st.tuples(st.integers(0, 3), USER)),
    st.tuples(st.just("gone"), st.one_of(NICK, st.just(""))),
    st.tuples(st.just("unbind"), NICK),
    st.tuples(st.just("later"), st.floats(0, 400)),
    st.tuples(st.just("restart"), st.none()),
)


@given(st.lists(EVENT, max_size=40))
def test_nobody_speaks_who_was_not_confirmed_since_they_came(events: list[tuple[str, Any]]) -> None:
    """A model that only remembers confirmations and comings and goings never finds less certainty than there is."""
    evening = Evening()
    sure: dict[str, str] = {}
    accounts: dict[str, str] = {}
    for kind, what in events:
        if kind == "ask":
            evening.act(NickAsked(*what))
        elif kind == "confirm" and evening.state.nicks.asking:
            waiting = evening.state.nicks.asking
            asking = waiting[what[0] % len(waiting)]
            evening.act(NickConfirmRequested(asking.code, what[1]))
            if not evening.refused:
                (accounts if asking.account else sure)[asking.account or asking.nick.lower()] = what[1]
        elif kind == "gone":
            sure = {n: u for n, u in sure.items() if what and n != what.lower()}
            evening.act(NickGone(what))
        elif kind == "unbind":
            sure.pop(what.lower(), None)
            evening.act(NickUnbindRequested(what))
        elif kind == "later":
            evening.later(what)
        elif kind == "restart":
            sure = {}
            evening.restart()
        known = evening.state.nicks
        for nick in ("ann", "bob", "eve"):
            assert user_of(known, nick) == sure.get(nick, "")
            for account in ("acc1", "acc2"):
                assert user_of(known, nick, account) == accounts.get(account, sure.get(nick, ""))
        assert len({a.code for a in known.asking}) == len({a.nick.lower() for a in known.asking})
