"""People, passwords and sign-ins, on both databases."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from argon2 import PasswordHasher

from orderyard.core.auth import queries
from orderyard.core.auth.passwords import hashed
from orderyard.core.auth.permissions import ROLES, Permission, Role, permissions_of
from orderyard.core.auth.service import (
    SignInRefused,
    add_person,
    change_person,
    set_password,
    sign_in,
    sign_out,
)
from orderyard.core.kernel.errors import DomainError, Duplicate
from orderyard.core.kernel.uow import Installation

PASSWORD = "a quiet harbour"


@pytest.fixture
def ann(installation: Installation) -> int:
    with installation.unit_of_work("setup") as uow:
        return add_person(uow, "Ann", "Ann Lin", PASSWORD, "admin")


def whose(installation: Installation, token: str) -> str | None:
    found = queries.signed_in(installation.db, token, installation.environment.now())
    return None if found is None else found.login


def test_a_login_is_compared_without_its_case(installation: Installation, ann: int) -> None:
    assert whose(installation, sign_in(installation, " ANN ", PASSWORD)) == "ann"
    with pytest.raises(Duplicate), installation.unit_of_work("setup") as uow:
        add_person(uow, "aNN", "Another", PASSWORD, "viewer")


@pytest.mark.parametrize(("login", "password"), [("ann", "wrong"), ("nobody", PASSWORD), ("ann", ""), ("", "")])
def test_what_does_not_fit_is_refused_in_the_same_words(
    installation: Installation, ann: int, login: str, password: str
) -> None:
    with pytest.raises(SignInRefused) as refused:
        sign_in(installation, login, password)
    assert refused.value.what == "login and password do not fit"


def test_tries_at_the_same_moment_count_as_many(installation: Installation, ann: int) -> None:
    refusals: list[int] = []

    def guess() -> None:
        with installation.db.connection():
            try:
                sign_in(installation, "ann", "guess")
            except SignInRefused as refused:
                refusals.append(refused.seconds)

    threads = [threading.Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    looked_at = installation.db.row("SELECT failures FROM person WHERE login = 'ann'")
    assert looked_at is not None
    assert looked_at[0] <= 4
    assert len([seconds for seconds in refusals if seconds]) >= 8


def test_a_right_password_clears_the_count(installation: Installation, ann: int) -> None:
    for _ in range(3):
        with pytest.raises(SignInRefused):
            sign_in(installation, "ann", "guess")
    sign_in(installation, "ann", PASSWORD)
    assert installation.db.row("SELECT failures, retry_at FROM person WHERE login = 'ann'") == (0, None)


def test_a_sign_in_lasts_until_it_is_idle_too_old_or_ended(installation: Installation, ann: int, clock: Any) -> None:
    idle, ended = sign_in(installation, "ann", PASSWORD), sign_in(installation, "ann", PASSWORD)
    with installation.unit_of_work("person:ann") as uow:
        sign_out(uow, ended)
    assert whose(installation, idle) == "ann"
    assert whose(installation, ended) is None
    assert whose(installation, "made up") is None
    clock.move(minutes=30)
    assert whose(installation, idle) is None


def test_a_new_sign_in_may_replace_the_old_one(installation: Installation, ann: int) -> None:
    first = sign_in(installation, "ann", PASSWORD)
    second = sign_in(installation, "ann", PASSWORD, replacing=first)
    assert whose(installation, first) is None
    assert whose(installation, second) == "ann"


def test_a_new_password_ends_every_sign_in(installation: Installation, ann: int) -> None:
    token = sign_in(installation, "ann", PASSWORD)
    with installation.unit_of_work("person:ann") as uow:
        set_password(uow, ann, "another quiet harbour")
    assert whose(installation, token) is None
    assert whose(installation, sign_in(installation, "ann", "another quiet harbour")) == "ann"


def test_an_old_hash_is_renewed_when_its_owner_comes(installation: Installation, ann: int) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    with installation.unit_of_work("setup") as uow:
        uow.db.change("UPDATE person SET password = ?", (weak,))
    sign_in(installation, "ann", PASSWORD)
    assert installation.db.row("SELECT 1 FROM person WHERE password LIKE '$argon2id$v=19$m=19456,%'") is not None


@pytest.mark.parametrize("password", ["", "1234567", "x" * 257, "Ann Linden"])
def test_an_unfit_password_is_refused(password: str) -> None:
    with pytest.raises(DomainError):
        hashed(password, "ann linden")


def test_the_last_administrator_cannot_be_let_go(installation: Installation, ann: int) -> None:
    with pytest.raises(DomainError, match="last administrator"), installation.unit_of_work("person:ann") as uow:
        change_person(uow, ann, "Ann", "admin", "zh", False)
    with installation.unit_of_work("person:ann") as uow:
        add_person(uow, "ben", "Ben", PASSWORD, "admin")
        change_person(uow, ann, "Ann", "viewer", "en", True)
    assert [(row.login, row.role) for row in queries.people(installation.db, installation.environment.now())] == [
        ("ann", "viewer"),
        ("ben", "admin"),
    ]


@pytest.mark.parametrize("field", [{"role": "emperor"}, {"language": "fr"}, {"login": " "}, {"name": ""}])
def test_a_person_who_cannot_be_is_refused(installation: Installation, field: dict[str, str]) -> None:
    given = {"login": "wu", "name": "吴用", "password": PASSWORD, "role": "viewer", "language": "zh"} | field
    with pytest.raises(DomainError), installation.unit_of_work("setup") as uow:
        add_person(uow, **given)


def test_only_administrators_manage_people_and_plugins() -> None:
    for role, permissions in ROLES.items():
        assert ({Permission.PEOPLE_MANAGE, Permission.PLUGINS_MANAGE} <= permissions) == (role is Role.ADMIN)
        assert Permission.CONSOLE_USE in permissions


def test_a_role_that_is_no_more_may_do_nothing() -> None:
    assert permissions_of("emperor") == frozenset()
