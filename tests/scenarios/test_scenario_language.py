"""The language itself: what it understands, what it says when it does not, and that its page tells all of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from orderyard.core.cli import main
from orderyard.core.testing.databases import Databases
from orderyard.core.testing.scenario.grammar import Form, NotUnderstood, Said, Vocabulary
from orderyard.core.testing.scenario.runner import Failure, play_steps
from orderyard.core.testing.scenario.script import Block, Line, parse
from orderyard.core.testing.scenario.vocabulary import CHAPTERS, VOCABULARY, page
from orderyard.core.testing.scenario.world import Clock, World

ROOT = Path(__file__).parents[2]
NOW = Clock().now()
SHOP = """2026-01-02 08:00  shop tb
platform tb
warehouse SH
serve tb from SH
sku TEE at 99.00
opening stock in SH: TEE 5 at 30.00
"""


def played(text: str, databases: Databases) -> Failure | None:
    return play_steps("story.txt", parse(text), databases)


def failed(text: str, databases: Databases) -> Failure:
    failure = played(text, databases)
    assert failure is not None
    return failure


# reading


def test_a_line_may_have_a_day_a_time_both_or_neither() -> None:
    steps = parse("2026-01-02 release\n10:05 release\n2026-01-03 09:00 release\nrelease")
    assert [(step.day, step.clock) for step in steps] == [("2026-01-02", ""), ("", "10:05"), ("2026-01-03", "09:00"), ("", "")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ship T1  # at last", "ship T1"),
        ("# nothing", None),
        ('hold T1 because "ring #2 first"', 'hold T1 because "ring #2 first"'),
        ("send T1#2", "send T1#2"),
    ],
)
def test_a_comment_begins_with_a_word_of_its_own(text: str, said: str | None) -> None:
    assert [step.text for step in parse(text)] == ([] if said is None else [said])


def test_what_must_be_refused_stands_at_the_end_of_the_line() -> None:
    [line] = parse('ship T1   refused: "no waybill yet"')
    assert isinstance(line, Line)
    assert (line.text, line.refused) == ("ship T1", "no waybill yet")


def test_a_repeated_line_counts() -> None:
    assert [step.text for step in parse("3 times cancel T{n}")] == ["cancel T1", "cancel T2", "cancel T3"]


def test_a_parallel_block_holds_its_commands() -> None:
    [block] = parse("10:00 parallel 4, 1 refused: only once\n  2 times ship T1\nend")
    assert isinstance(block, Block)
    assert (block.threads, block.refusals, block.refused, block.clock) == (4, 1, "only once", "10:00")
    assert [line.text for line in block.lines] == ["ship T1", "ship T1"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("parallel 2\n release", "line 1: this parallel block has no `end`"),
        ("parallel 2\n parallel 2\nend\nend", "line 2: a parallel block stands inside another one"),
        ("parallel 2\n expect no holds of T1\nend", "line 2: a parallel block holds commands"),
    ],
)
def test_a_block_that_does_not_hold_together_is_named(text: str, why: str) -> None:
    with pytest.raises(NotUnderstood, match=why):
        parse(text)


def test_parts_come_in_any_order_behind_colon_or_comma() -> None:
    form, said = VOCABULARY.understand("buyer orders T1 on tb： TEE 2 at 99.00，message “周末送”, freight 10.00, CAP 1", NOW)
    assert form.text == "buyer orders <order> on <shop>"
    assert [(line["item"], line["units"]) for line in said.all("lines")] == [("TEE", 2), ("CAP", 1)]
    assert said.part("message", "text") == "周末送"


# being helpful


@pytest.mark.parametrize(
    ("line", "helps"),
    [
        ("recieve R1 into SH: TEE 1", "receive <delivery> into <warehouse>"),
        ("receive R1 at SH: TEE 1", "receive <delivery> into <warehouse>"),
        ("receive R1 into SH: fright 10 20", "<sku> <units> [at <amount>]"),
        ("buyer pays", "buyer pays <order> [<amount>] [at <moment>]"),
        ("zzz", "lines begin with"),
        ('hold T1 because "broken', "a quotation mark is open"),
        ("buyer orders T1 on tb: TEE 1, freight 1.00, freight 2.00", "is said twice"),
    ],
)
def test_an_unknown_line_is_answered_with_the_known_forms(line: str, helps: str) -> None:
    with pytest.raises(NotUnderstood) as caught:
        VOCABULARY.understand(line, NOW)
    assert helps in str(caught.value)


# playing


@pytest.mark.parametrize(
    ("line", "expected", "found"),
    [
        ("expect stock of TEE in SH: available 4", "available 4", "on hand 5, available 5"),
        ("buyer orders T1 on tb: TEE 0", "that it is done", "refused: parked: "),
        ("buyer orders T1 on tb: TEE 1 refused: because", "refused: because", "it was done"),
        ("write off TEE 6 in SH because lost refused: torn", "refused: torn", "6 wanted, 5 free"),
        ("expect T1 is to_ship", "that it is done", "this file has placed no order T1"),
        ("2026-01-01 09:00 release", "the next moment", "is before 2026-01-02 08:00"),
        ("2026-02-30 09:00 release", "a line of the vocabulary", "this date does not exist"),
        ("juggle", "a line of the vocabulary", "no line begins with 'juggle'"),
        ("buyer orders T1 on nowhere: TEE 1", "that it is done", "there are: tb"),
        ("map X on tb to HAT", "that it is done", "tb lists no X"),
    ],
)
def test_the_first_thing_that_goes_otherwise_is_shown(line: str, expected: str, found: str, databases: Databases) -> None:
    failure = failed(f"{SHOP}{line}\nexpect nonsense", databases)
    assert (failure.file, failure.no, failure.expected) == ("story.txt", 7, expected)
    assert found in failure.found


def test_books_that_do_not_add_up_fail_at_the_line_that_broke_them(databases: Databases) -> None:
    def damage(world: World, said: Said) -> None:
        with world.work() as uow:
            uow.db.change("UPDATE stock_level SET on_hand = on_hand + 1")

    words = Vocabulary([*VOCABULARY.forms, Form("damage the books", "Somebody writes where nobody should.", damage)])
    failure = play_steps("story.txt", parse(f"{SHOP}damage the books"), databases, words)
    assert failure is not None
    assert failure.no == 7
    assert "stock follows its moves: stock_level 1 (SH TEE" in failure.found


def test_a_block_counts_its_refusals(databases: Databases) -> None:
    story = SHOP + "buyer orders T1 on tb: TEE 1\nparallel 2, 0 refused: twice\n  2 times merge T1 T1\nend"
    failure = failed(story, databases)
    assert "a merge takes at least two" in failure.found


# the command and the page


def test_the_command_exits_1_and_shows_the_line(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.txt", tmp_path / "bad.txt"
    good.write_text(SHOP, encoding="utf-8")
    bad.write_text(f"{SHOP}expect stock of TEE in SH 4\n", encoding="utf-8")
    run = CliRunner().invoke(main, ["scenario", "run", str(good), str(bad)])
    assert run.exit_code == 1
    assert f"{good}: as it says" in run.output
    assert f"{bad}:7: expect stock of TEE in SH 4\n  expected: on hand 4\n  found:    on hand 5" in run.output


def test_the_command_plays_on_a_server_and_leaves_nothing_there(postgres_databases: Databases, tmp_path: Path) -> None:
    import psycopg

    url = postgres_databases.create()
    story = tmp_path / "story.txt"
    story.write_text(f"{SHOP}buyer orders T1 on tb: TEE 1\nexpect T1 is to_ship\n", encoding="utf-8")
    run = CliRunner().invoke(main, ["scenario", "run", str(story), "--database", url])
    assert (run.exit_code, run.output) == (0, f"{story}: as it says\n")
    with psycopg.connect(url) as server:
        left = server.execute("SELECT datname FROM pg_database WHERE datname LIKE 'orderyard_scenario%'").fetchall()
    postgres_databases.drop(url)
    assert left == []


def test_the_page_tells_every_word() -> None:
    text = (ROOT / "docs" / "scenarios.md").read_text(encoding="utf-8")
    missing = [line for line in page().splitlines() if line not in text.splitlines()]
    assert missing == [], "write the output of `orderyard scenario words` into docs/scenarios.md"


def test_the_page_tells_no_word_too_many() -> None:
    text = (ROOT / "docs" / "scenarios.md").read_text(encoding="utf-8")
    words = text.partition("## Everything that can be said")[2]
    known = set(page().splitlines())
    assert [line for line in words.splitlines() if line.lstrip().startswith("- `") and line not in known] == []


def test_every_form_says_what_it_means() -> None:
    assert [form.text for forms in CHAPTERS.values() for form in forms if not form.meaning.endswith(".")] == []


def test_the_example_of_the_page_plays(databases: Databases) -> None:
    text = (ROOT / "docs" / "scenarios.md").read_text(encoding="utf-8")
    example = text.split("```")[1]
    failure = played(example, databases)
    assert failure is None, str(failure)
