"""State machines that anyone can read: a set of allowed pairs."""

from __future__ import annotations

from collections.abc import Mapping, Set
from enum import StrEnum
from typing import Generic, TypeVar

from .errors import IllegalTransition

State = TypeVar("State", bound=StrEnum)


class Transitions(Generic[State]):
    """Which state may follow which; anything else raises with both names."""

    def __init__(self, document: str, allowed: Mapping[State, Set[State]]) -> None:
        self.document = document
        self.allowed = allowed

    def pairs(self) -> set[tuple[State, State]]:
        return {(source, target) for source, targets in self.allowed.items() for target in targets}

    def check(self, name: str, source: State, target: State, remedy: str = "") -> None:
        """Raise IllegalTransition, naming the document, unless the move is allowed."""
        if target not in self.allowed.get(source, frozenset()):
            raise IllegalTransition(f"{self.document} {name}", source.value, target.value, remedy=remedy)
