"""Reads asked ahead: what a command is going to ask anyway, asked in one statement at its beginning.

On SQLite a statement costs little inside the engine and much around it: an intake asks five rooms (who is the buyer, the next
ids, what guards review, what is in stock, which month is closed), each in its own words. Measured on an intake, one statement
that asks all five takes as long as the dearest two of them apart, and `together` writes are as many as there are tables. The
rooms stay as they are: each asks its own question where it needs the answer, and finds it there.

On PostgreSQL, where reads lock rows and the order of locks matters, nothing is asked ahead.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, NamedTuple

Answer = list[tuple[Any, ...]]


class Question(NamedTuple):
    """A read that somebody is going to make: exactly this text and these parameters; `width` columns come back."""

    sql: str
    parameters: Sequence[Any]
    width: int


class Statement(NamedTuple):
    """What must be known of a statement before it runs beside answers and rows that are not in the database."""

    writes: str | None
    """The table it writes to; empty for a plain read, None when it cannot be told."""
    words: frozenset[str]
    """Every word in it, names of tables among them."""


_WRITES_TO = re.compile(r"(?:INSERT INTO|UPDATE|DELETE FROM) (\w+) ")


@functools.lru_cache(maxsize=4096)
def read(sql: str) -> Statement:
    """Take a statement apart, as far as that."""
    words = frozenset(re.findall(r"\w+", sql))
    if sql.startswith("SELECT "):
        return Statement("", words)
    found = _WRITES_TO.match(sql)
    return Statement(found.group(1) if found else None, words)


@functools.lru_cache(maxsize=1024)
def _text(questions: tuple[tuple[str, int], ...]) -> str:
    """Several reads as one statement: every row begins with the place of its question; LIMIT keeps each one's own order."""
    widest = max(width for _, width in questions)
    return " UNION ALL ".join(
        f"SELECT {place} AS place, q.*{', NULL' * (widest - width)} FROM ({sql} LIMIT -1) AS q"
        for place, (sql, width) in enumerate(questions)
    )


def at_once(questions: Sequence[Question]) -> tuple[str, list[Any]]:
    """One statement for all of them, and its parameters."""
    text = _text(tuple([(question.sql, question.width) for question in questions]))
    return text, list(chain.from_iterable([question.parameters for question in questions]))


class Foresight:
    """Answers that wait for their questions, of one transaction; each is given once, and none when it could be stale."""

    def __init__(self) -> None:
        self.answers: dict[tuple[str, tuple[Any, ...]], tuple[frozenset[str], Answer]] = {}
        """By text and parameters, each with the words of its question; nobody needs to look while there is none."""

    def keep(self, questions: Sequence[Question], rows: Iterable[tuple[Any, ...]]) -> None:
        """Sort what `at_once` brought back."""
        answers: list[Answer] = [[] for _ in questions]
        for row in rows:
            place = row[0]
            answers[place].append(row[1 : questions[place].width + 1])
        for question, answer in zip(questions, answers, strict=True):
            self.answers[question.sql, tuple(question.parameters)] = read(question.sql).words, answer

    def take(self, sql: str, parameters: Sequence[Any]) -> Answer | None:
        """The answer to a question, if it was asked ahead and still holds."""
        _, answer = self.answers.pop((sql, tuple(parameters)), (None, None))
        return answer

    def written(self, table: str | None) -> None:
        """A table changes, None meaning any: what was asked about it is to be asked again."""
        for key in [key for key, (words, _) in self.answers.items() if table is None or table in words]:
            del self.answers[key]
