"""The databases that every other test stands on: fresh, empty, real, and gone afterwards."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from orderyard.core.testing.databases import Databases, temporary_postgres


def run(url: str, sql: str) -> list[tuple[object, ...]]:
    if url.startswith("sqlite:///"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as file, file:
            return file.execute(sql).fetchall()
    with psycopg.connect(url) as server:
        cursor = server.execute(sql.encode())
        return cursor.fetchall() if cursor.description else []


def prepare(url: str) -> None:
    run(url, "create table goods (name text)")
    run(url, "insert into goods values ('Tee')")


def make_table(url: str) -> None:
    run(url, "create table only_here (id integer)")


@pytest.mark.parametrize("turn", [1, 2])
def test_a_test_finds_nothing_of_the_one_before(database_url: str, turn: int) -> None:
    make_table(database_url)
    assert run(database_url, "select count(*) from only_here") == [(0,)]


def test_prepared_databases_are_copies(databases: Databases) -> None:
    first, second = databases.create(prepare), databases.create(prepare)
    run(first, "insert into goods values ('Cap')")
    assert run(first, "select count(*) from goods") == [(2,)]
    assert run(second, "select name from goods") == [("Tee",)]
    databases.drop(first)
    databases.drop(second)


def test_names_sort_by_code_point_on_both(database_url: str) -> None:
    names = run(database_url, "select * from (values ('b'), ('衬'), ('B'), ('a')) as t order by 1")
    assert names == [("B",), ("a",), ("b",), ("衬",)]


def test_dropping_cuts_connections_that_are_still_open(postgres_databases: Databases) -> None:
    url = postgres_databases.create()
    with closing(psycopg.connect(url)) as still_open:
        postgres_databases.drop(url)
        with pytest.raises(psycopg.OperationalError):
            still_open.execute("select 1")


def test_a_server_leaves_nothing_behind() -> None:
    with temporary_postgres() as databases:
        url = databases.create()
        directory = Path(str(run(url, "show data_directory")[0][0]))
        assert directory.is_dir()
    assert not directory.parent.exists()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url, connect_timeout=1)
