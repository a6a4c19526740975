"""A scenario file: dated lines, comments, `parallel` blocks, and what must be refused; the words themselves come later."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .grammar import NotUnderstood

_DATED = re.compile(r"(?:(\d{4}-\d\d-\d\d)(?:\s+|$))?(?:(\d\d:\d\d(?::\d\d)?)(?:\s+|$))?(.*)")
_REFUSED = re.compile(r"(?:^|(?<=\s))refused\s*[:：]\s*(.*)$")
_TIMES = re.compile(r"(\d{1,4})\s+times\s+(.+)")
_PARALLEL = re.compile(r"parallel\s+(\d{1,3})(?:\s*[,，]\s*(\d{1,4})\s+refused\s*[:：]\s*(.+))?")
_COMMENT = re.compile(r'((?:"[^"]*"|[^"#]|(?<=\S)#)*)(#.*)?')


@dataclass(frozen=True, slots=True)
class Line:
    """One command or expectation: where it stands, when it happens (as far as it says), and how it must be refused."""

    no: int
    day: str
    clock: str
    text: str
    refused: str | None = None
    table: tuple[tuple[str, ...], ...] = ()
    """Rows that stand below it: `| T1 | TEE | 2 |`."""

    @property
    def expects(self) -> bool:
        return self.text.split(maxsplit=1)[:1] == ["expect"]


@dataclass(frozen=True, slots=True)
class Block:
    """Commands that so many threads carry out at once; so many of them must be refused, with that text."""

    no: int
    day: str
    clock: str
    text: str
    threads: int
    refusals: int = 0
    refused: str = ""
    lines: tuple[Line, ...] = ()


Step = Line | Block


def _uncommented(text: str) -> str:
    """The line without its comment, which begins with a # at the start of a word and outside of quotation marks."""
    found = _COMMENT.fullmatch(text)
    return (found[1] if found else text).strip()


def _read(no: int, text: str) -> Line:
    dated = _DATED.fullmatch(text)
    day, clock, rest = dated.groups() if dated else (None, None, text)
    refused = _REFUSED.search(rest)
    said = rest[: refused.start()].rstrip() if refused else rest
    return Line(no, day or "", clock or "", said, refused[1].strip().strip('"') if refused else None)


def _repeated(line: Line) -> list[Line]:
    """`3 times …{n}…` is three lines, with 1, 2 and 3 for `{n}`."""
    found = _TIMES.fullmatch(line.text)
    if found is None:
        return [line]
    return [replace(line, text=found[2].replace("{n}", str(n))) for n in range(1, int(found[1]) + 1)]


def _add_row(steps: list[Step], no: int, said: str) -> None:
    """A row of a table belongs to the command above it."""
    last = steps[-1] if steps else None
    if not isinstance(last, Line) or last.expects or not said.endswith("|"):
        raise NotUnderstood(f"line {no}: a row `| … | … |` belongs below a command")
    cells = tuple(cell.strip() for cell in said[1:-1].split("|"))
    steps[-1] = replace(last, table=(*last.table, cells))


def parse(text: str) -> list[Step]:
    """The steps of a scenario, in order; NotUnderstood says which line does not fit in."""
    steps: list[Step] = []
    block: Block | None = None
    for no, raw in enumerate(text.splitlines(), 1):
        said = _uncommented(raw)
        if not said:
            continue
        if said.startswith("|"):
            if block is not None:
                raise NotUnderstood(f"line {no}: a parallel block holds no tables")
            _add_row(steps, no, said)
            continue
        dated = _DATED.fullmatch(said)
        parallel = _PARALLEL.fullmatch(dated[3]) if dated else None
        if parallel and dated:
            if block is not None:
                raise NotUnderstood(f"line {no}: a parallel block stands inside another one")
            refused = (parallel[3] or "").strip().strip('"')
            block = Block(no, dated[1] or "", dated[2] or "", dated[3], int(parallel[1]), int(parallel[2] or 0), refused)
        elif block is None:
            steps += _repeated(_read(no, said))
        elif said == "end":
            steps.append(block)
            block = None
        else:
            line = _read(no, said)
            if line.day or line.clock or line.expects:
                raise NotUnderstood(f"line {no}: a parallel block holds commands without dates; expect after its `end`")
            block = replace(block, lines=(*block.lines, *_repeated(line)))
    if block is not None:
        raise NotUnderstood(f"line {block.no}: this parallel block has no `end`")
    return steps


def read(path: Path) -> Sequence[Step]:
    """The steps of a file in UTF-8."""
    return parse(path.read_text(encoding="utf-8-sig"))
