"""Pages that a stranger's plugin serves: guarded, worded and headed like the console's; wrong ones switch it off."""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Iterator
from pathlib import Path

import orderyard_kiosk
import pytest
from flask import Blueprint
from flask.testing import FlaskClient

from orderyard.app import create_app
from orderyard.core.auth.service import add_person
from orderyard.core.connections.service import connect
from orderyard.core.host.api import Tables
from orderyard.core.kernel.errors import DomainError
from orderyard.core.testing.builders import House, open_house
from orderyard.core.testing.databases import Databases
from orderyard.core.testing.public_names import private_imports
from orderyard.core.web.api import Permission, needs
from orderyard.hookspecs import Manifest, hookimpl

PASSWORD = "a quiet harbour"
PACKAGE = Path(orderyard_kiosk.__file__).parent


def open_kiosk(house: House, code: str = "kiosk-1") -> None:
    with house.work() as uow:
        connect(
            uow, house.system.seal, code=code, kind="channel", adapter="kiosk", shop_id=house.shops["cn"].id,
            fields=orderyard_kiosk.Kiosk.settings, settings={"greeting": "Welcome"},
        )  # fmt: skip


@pytest.fixture
def stand(databases: Databases, tmp_path: Path) -> Iterator[House]:
    with open_house(databases, tmp_path, plugins={"kiosk": orderyard_kiosk}) as house:
        open_kiosk(house)
        yield house


@pytest.fixture
def quick(sqlite_databases: Databases, tmp_path: Path) -> Iterator[House]:
    """The same where the engine makes no difference."""
    with open_house(sqlite_databases, tmp_path, plugins={"kiosk": orderyard_kiosk}) as house:
        open_kiosk(house)
        with house.work() as uow:
            add_person(uow, "admin", "Ann", PASSWORD, "admin", "zh")
        yield house


def sign_in(client: FlaskClient) -> None:
    page = client.get("/sign-in").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    client.post("/sign-in", data={"csrf_token": token[1], "login": "admin", "password": PASSWORD})


def test_the_package_imports_public_names_only() -> None:
    assert private_imports(PACKAGE) == []


def test_an_open_page_has_the_plugin_s_words_and_the_console_s_headers(quick: House) -> None:
    client = create_app(quick.system).test_client()
    page = client.get("/x/kiosk/at/kiosk-1", headers={"Accept-Language": "zh"})
    assert "Welcome" in page.text
    assert "想要点什么？" in page.text
    assert ">下单<" in page.text  # its own word where the console has another one
    assert "rail" not in page.text
    policy = page.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "img-src 'self' https:" in policy
    with client.get(re.findall(r'href="(/x/[^"]+css)"', page.text)[0]) as style:
        assert style.status_code == 200


def test_a_page_for_staff_asks_who_you_are_and_stands_in_the_menu(quick: House) -> None:
    client = create_app(quick.system).test_client()
    assert client.get("/x/kiosk/").status_code == 303
    sign_in(client)
    client.get("/x/kiosk/at/kiosk-1")
    page = client.get("/x/kiosk/").text
    assert "1 次来访" in page
    assert "kiosk-1 cn" in page
    assert "收件" in page or "订单" in page  # the menu keeps the console's words
    assert re.search(r'rail-link on"[^>]+href="/x/kiosk/"', page)
    assert 'href="/x/kiosk/"' in client.get("/").text


@pytest.mark.parametrize(("sent", "status"), [({"name": "x"}, 400), ({"csrf_token": "", "name": "x" * 99}, 413)])
def test_a_form_from_elsewhere_and_one_too_large_are_refused(quick: House, sent: dict[str, str], status: int) -> None:
    answer = create_app(quick.system).test_client().post("/x/kiosk/at/kiosk-1", data=sent, headers={"Accept-Language": "en"})
    assert answer.status_code == status
    assert "signed in" not in answer.text  # nobody from outside ever is


def serving(*blueprints: object) -> Callable[[], object]:
    def register_blueprints() -> object:
        return list(blueprints)

    return register_blueprints


def unguarded() -> Blueprint:
    pages = Blueprint("pages", "orderyard_kiosk")
    pages.get("/hidden")(lambda: "nobody")
    return pages


def shadowing() -> Blueprint:
    return Blueprint("pages", "orderyard_kiosk", root_path=str(PACKAGE / "templates"), template_folder=".")


def twice() -> list[Blueprint]:
    made = Blueprint("same", "orderyard_kiosk"), Blueprint("same", "orderyard_kiosk")
    for pages in made:
        pages.get("/")(needs(Permission.ORDERS_READ)(lambda: "x"))
    return list(made)


def raising() -> object:
    raise SystemExit("no pages today")


@pytest.mark.parametrize(
    ("register", "why"),
    [
        (raising, "SystemExit: no pages today"),
        (serving("pages"), "return flask.Blueprint objects"),
        (serving(unguarded()), "/x/torn/hidden says nobody may open it"),
        (serving(shadowing()), "put it into the folder torn"),
        (serving(*twice()), "cannot be mounted"),
    ],
)
def test_a_plugin_with_wrong_pages_is_switched_off_and_the_rest_serves(
    sqlite_databases: Databases, tmp_path: Path, register: Callable[[], object], why: str
) -> None:
    torn = types.ModuleType("orderyard_torn")
    torn.manifest = Manifest("torn", "Torn")  # type: ignore[attr-defined]
    register.__name__ = "register_blueprints"
    torn.register_blueprints = hookimpl(register)  # type: ignore[attr-defined]
    with open_house(sqlite_databases, tmp_path, plugins={"torn": torn, "kiosk": orderyard_kiosk}) as house:
        open_kiosk(house)
        client = create_app(house.system).test_client()
        assert house.system.plugins.running == ("kiosk",)
        assert [why in fault.message for fault in house.system.plugins.faults] == [True]
        assert house.db.row("SELECT slug, place FROM plugin_fault") == ("torn", "register_blueprints")
        assert client.get("/x/kiosk/at/kiosk-1").status_code == 200
        assert client.get("/x/torn/").status_code == 404


# its tables


def test_a_plugin_counts_in_a_table_of_its_own(stand: House) -> None:
    tables = stand.system.contexts.of("kiosk").tables
    for _ in range(3):
        with tables.write() as writing:
            writing.insert(
                "kiosk_visit", ("page", "count"), [("front", 1)], conflict="(page) DO UPDATE SET count = kiosk_visit.count + 1"
            )
    with tables.write() as writing:
        assert writing.change("UPDATE kiosk_visit SET count = count + ? WHERE page = ?", (4, "front")) == 1
        assert writing.row("SELECT count FROM kiosk_visit WHERE page = ?", ("front",)) == (7,)
    assert tables.rows("SELECT v.page, v.count FROM kiosk_visit v JOIN kiosk_visit w ON w.page = v.page") == [("front", 7)]


def half_done(tables: Tables) -> None:
    with tables.write() as writing:
        writing.insert("kiosk_visit", ("page", "count"), [("front", 1)])
        raise DomainError("the other half")


def test_an_error_leaves_nothing_of_a_write(stand: House) -> None:
    tables = stand.system.contexts.of("kiosk").tables
    with pytest.raises(DomainError, match="the other half"):
        half_done(tables)
    assert tables.rows("SELECT * FROM kiosk_visit") == []


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM sales_order",
        "SELECT * FROM kiosk_visit, customer",
        "SELECT * FROM kiosk_visit v, customer",
        "SELECT * FROM kiosk_visit JOIN customer ON 1 = 1",
        "SELECT * FROM kiosk_visit WHERE page IN (SELECT name FROM customer)",
        'SELECT * FROM "customer"',
        "SELECT * FROM kiosk_visit; SELECT 1",
        "SELECT 'x' FROM kiosk_visit",
        "DELETE FROM kiosk_visit",
        "WITH v AS (SELECT 1) SELECT * FROM v",
        "SELECT * FROM main.customer",
        "SELECT * FROM/**/customer",
    ],
)
def test_a_plugin_reads_no_table_of_anybody_else(quick: House, sql: str) -> None:
    with pytest.raises(DomainError, match="plugin kiosk"):
        quick.system.contexts.of("kiosk").tables.rows(sql)


@pytest.mark.parametrize(
    "sql",
    ["UPDATE sales_order SET total = 0", "DELETE FROM kiosk_visit WHERE page IN (SELECT name FROM customer)", "DROP TABLE x"],
)
def test_a_plugin_changes_no_table_of_anybody_else(quick: House, sql: str) -> None:
    with pytest.raises(DomainError, match="plugin kiosk"), quick.system.contexts.of("kiosk").tables.write() as writing:
        writing.change(sql)


@pytest.mark.parametrize(
    ("table", "columns", "conflict"),
    [("customer", ("name",), ""), ("kiosk_visit (page) SELECT name FROM customer --", ("page",), ""),
     ("kiosk_visit", ("page) SELECT name FROM customer --",), ""),
     ("kiosk_visit", ("page",), "(page) DO UPDATE SET page = (SELECT name FROM customer)")],
)  # fmt: skip
def test_a_plugin_adds_to_no_table_of_anybody_else(quick: House, table: str, columns: tuple[str], conflict: str) -> None:
    with pytest.raises(DomainError, match="plugin kiosk"), quick.system.contexts.of("kiosk").tables.write() as writing:
        writing.insert(table, columns, [("x",)], conflict=conflict)


def test_people_from_outside_are_refused_without_the_console_s_menu(quick: House) -> None:
    client = create_app(quick.system).test_client()
    for path in ("/x/kiosk/nothing", "/x/nobody/"):
        page = client.get(path)
        assert page.status_code == 404
        assert "rail" not in page.text
    sign_in(client)
    assert "rail" in client.get("/x/kiosk/nothing").text
