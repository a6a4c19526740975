"""When rounds have their turn: at their interval, at once when asked for, and not again before they have rested."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orderyard.core.kernel.uow import Installation
from orderyard.core.outbox.rounds import Round, Rounds
from orderyard.core.testing.scripted import FixedEnvironment


class Looks:
    def __init__(self) -> None:
        self.seen: list[str] = []
        self.finds = True

    def at(self, name: str) -> bool:
        self.seen.append(name)
        return self.finds


@pytest.fixture
def looks() -> Looks:
    return Looks()


def later(environment: FixedEnvironment, seconds: float) -> None:
    environment.moment += timedelta(seconds=seconds)


def test_each_comes_at_its_own_interval(installation: Installation, environment: FixedEnvironment, looks: Looks) -> None:
    rounds = Rounds(
        installation, [Round("often", 1, lambda: looks.at("often")), Round("seldom", 60, lambda: looks.at("seldom"), "slow")]
    )
    assert rounds.once() == ["often", "seldom"]
    assert rounds.once() == []
    later(environment, 1)
    assert rounds.once() == ["often"]
    later(environment, 59)
    assert rounds.once() == ["often", "seldom"]


def test_what_is_asked_for_comes_at_once_but_rests_after_it_found_something(
    installation: Installation, environment: FixedEnvironment, looks: Looks
) -> None:
    rounds = Rounds(installation, [Round("stock", 60, lambda: looks.at("stock"), rest=1)])
    rounds.once()
    rounds.ask("stock")
    assert rounds.once() == []
    later(environment, 1)
    assert rounds.once() == ["stock"]
    assert rounds.once() == []


def test_who_found_nothing_unasked_needs_no_rest(installation: Installation, looks: Looks) -> None:
    rounds = Rounds(installation, [Round("stock", 60, lambda: looks.at("stock"), rest=1)])
    looks.finds = False
    rounds.once()
    rounds.ask("stock")
    assert rounds.once() == ["stock"]
    rounds.ask("stock")
    assert rounds.once() == [], "whoever asks at every commit is not answered at every commit"


def test_one_that_fails_stops_no_other_and_comes_again(
    installation: Installation, environment: FixedEnvironment, looks: Looks
) -> None:
    def fails() -> None:
        looks.at("fails")
        raise LookupError

    rounds = Rounds(installation, [Round("fails", 1, fails), Round("goes on", 1, lambda: looks.at("goes on"))])
    assert rounds.once() == ["fails", "goes on"]
    later(environment, 1)
    rounds.once()
    assert looks.seen == ["fails", "goes on"] * 2
