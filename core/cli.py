"""The command `orderyard`: one installation per configuration file, every command a thin door to the rooms."""

from __future__ import annotations

import json
import logging
import shutil
import signal
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import click
from flask import Flask

from ..app import System, create_app, read_config
from .auth.permissions import ROLES, Role
from .auth.service import add_person
from .catalog.service import add_shop, set_carrier
from .connections.service import connect as connect_remote
from .connections.service import connection
from .host.loading import entries
from .host.plugins import Plugins
from .inventory.opening import load_skus
from .inventory.service import add_warehouse
from .inventory.service import serve as serve_shop
from .kernel.errors import OrderyardError
from .ledger import queries as ledger
from .ledger.service import close_period
from .orders.files import upload
from .orders.files.columns import FIELDS, FileMapping
from .testing.demo import road
from .testing.demo.merchant import LOGINS, PASSWORD
from .testing.newplugin.writing import KINDS, write_plugin
from .testing.scenario.runner import databases_for, play
from .testing.scenario.vocabulary import page
from .web.server import Server

TEMPLATE = """# Orderyard: one file, one merchant. Everything else lives in the database beside it.
# database = "postgresql://user@host/name"     # empty: an SQLite file in this folder
plugins = [{plugins}]

[merchant]
name = "{name}"
currency = "{currency}"
timezone = "{timezone}"
"""


class _Group(click.Group):
    """A refusal is a sentence with a remedy and exit status 1, never a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except OrderyardError as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=_Group)
@click.option(
    "--config", default="orderyard.toml", envvar="ORDERYARD_CONFIG", show_default=True, type=click.Path(path_type=Path)
)
@click.version_option(package_name="orderyard")
@click.pass_context
def main(context: click.Context, config: Path) -> None:
    """Orders from every channel, one stock, every parcel, every fen."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("orderyard.host").setLevel(logging.ERROR)  # what failed at start is said once, in one line
    context.obj = config


def _system(context: click.Context) -> System:
    system = System(read_config(context.obj))
    context.call_on_close(system.close)
    for fault in _faults(system.plugins):
        click.echo(f"plugin {fault}", err=True)
    return system


def _faults(plugins: Plugins) -> list[str]:
    return [f"{fault.slug} is off ({fault.place}): {fault.message}" for fault in plugins.faults]


@main.command()
@click.option("--name", default="My shop", show_default=True, help="The merchant's name.")
@click.option("--currency", default="CNY", show_default=True, help="What stock is valued in.")
@click.option("--timezone", default="Asia/Shanghai", show_default=True, help="Decides the day of a ledger entry.")
@click.pass_context
def init(context: click.Context, name: str, currency: str, timezone: str) -> None:
    """Write a configuration file and make its database and key."""
    path: Path = context.obj
    if path.exists():
        raise click.ClickException(f"{path} exists already; edit it, or choose another with --config")
    plugins = ", ".join(f'"{slug}"' for slug in sorted(entries()))
    path.write_text(TEMPLATE.format(plugins=plugins, name=name, currency=currency, timezone=timezone), encoding="utf-8")
    _system(context)
    click.echo(f"{path} is written; next: orderyard person add LOGIN, then orderyard serve")


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8080, show_default=True)
@click.option(
    "--proxy", default="", metavar="ADDRESS", help="The server in front, believed about who asks and whether by https."
)
@click.option("--worker/--no-worker", default=True, show_default=True, help="Do the work in this process too.")
@click.pass_context
def serve(context: click.Context, host: str, port: int, proxy: str, worker: bool) -> None:
    """Serve the console, plugins' pages and the addresses for pushes, and do the work."""
    system = _system(context)
    system.works_elsewhere = not worker
    server = _server(create_app(system), host, port, proxy)
    click.echo(f"console at {server.address}")
    server.start()
    _until_told(system, worker)
    server.stop()


def _server(app: Flask, host: str, port: int, proxy: str) -> Server:
    try:
        return Server(app, host, port, proxy=proxy)
    except OSError as error:
        raise click.ClickException(f"cannot listen on {host}:{port}: {error.strerror}; choose another with --port") from None


@main.command()
@click.pass_context
def worker(context: click.Context) -> None:
    """Do the work only: pull, fetch, book, tell, publish, track."""
    _until_told(_system(context), True)


def _until_told(system: System, work: bool) -> None:
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    if work:
        system.serve(stop)
    else:
        stop.wait()


@main.command()
@click.pass_context
def verify(context: click.Context) -> None:
    """Prove goods and money from the first row; exit status 1 and the first bad rows when they do not add up."""
    found = _system(context).verify()
    for finding in found:
        click.echo(f"{finding.check}: {finding.place}: {finding.what}; {finding.remedy}")
    click.echo("every check passed" if not found else f"{len(found)} rows do not add up")
    context.exit(1 if found else 0)


@main.command()
@click.argument("code", required=False)
@click.option("--days", type=click.IntRange(1, 3650), help="Ask for the last days once more, whatever was pulled already.")
@click.pass_context
def pull(context: click.Context, code: str | None, days: int | None) -> None:
    """Pull every channel (or one connection); what could be taken in is kept, exit status 1 when a document was parked."""
    system = _system(context)
    chosen = [connection(system.installation.db, code)] if code else system.channels.accounts.active()
    bad = False
    for facts in chosen:
        feeds = system.channels.feeds
        result = feeds.pull(facts) if days is None else feeds.look_back(facts, days)
        counted = ", ".join(f"{count} {verdict}" for verdict, count in sorted(result.verdicts.items())) or "nothing new"
        click.echo(f"{facts.code}: {counted}")
        for document in result.parked:
            click.echo(f"{facts.code}: parked {document}; see the work list for the reason", err=True)
        if result.error:
            click.echo(f"{facts.code}: {result.error}", err=True)
        bad = bad or bool(result.parked or result.error)
    context.exit(1 if bad else 0)


@main.command("new-plugin")
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("name")
@click.option("--into", type=click.Path(file_okay=False, path_type=Path), default=Path(), help="Folder to write it into.")
def new_plugin(kind: str, name: str, into: Path) -> None:
    """Begin a plugin: a folder whose kit runs at once and says what is still to do."""
    files = write_plugin(kind, name, into)
    for file in files:
        click.echo(f"wrote {file}")
    click.echo(f"now: cd {files[0].parent} && pytest -rx")


@main.command()
@click.pass_context
def plugins(context: click.Context) -> None:
    """Which plugins are installed, which run, what each hooks, what went wrong."""
    system = _system(context)
    for slug in sorted({*entries(), *system.config.plugins}):
        hooks = ", ".join(system.plugins.hooks_of(slug)) if slug in system.plugins.running else "off"
        click.echo(f"{slug}: {hooks}")


@main.command()
@click.argument("code")
@click.argument("adapter")
@click.option("--shop", default="", help="Code of the shop a channel sells for.")
@click.option("--set", "given", multiple=True, metavar="NAME=VALUE", help="A setting; secrets are asked for when left out.")
@click.pass_context
def connect(context: click.Context, code: str, adapter: str, shop: str, given: tuple[str, ...]) -> None:
    """Connect a channel or a carrier."""
    system = _system(context)
    kind = "channel" if adapter in system.plugins.channels else "carrier"
    offered = system.plugins.channels if kind == "channel" else system.plugins.carriers
    if adapter not in offered:
        known = ", ".join(sorted({*system.plugins.channels, *system.plugins.carriers})) or "none; enable a plugin"
        raise click.ClickException(f"there is no adapter {adapter}; running: {known}")
    fields = offered[adapter].settings
    values = dict(entry.split("=", 1) for entry in given if "=" in entry)
    for setting in fields:
        if setting.secret and setting.required and setting.name not in values:
            values[setting.name] = click.prompt(setting.title, hide_input=True)
    db = system.installation.db
    row = db.row("SELECT id FROM shop WHERE code = ?", (shop,)) if shop else None
    if shop and row is None:
        raise click.ClickException(f"there is no shop {shop}")
    with system.installation.unit_of_work("cli") as uow:
        connect_remote(
            uow, system.seal, code=code, kind=kind, adapter=adapter, shop_id=None if row is None else row[0], fields=fields,
            settings=values,
        )  # fmt: skip
    click.echo(f"{code} is connected")


@main.group()
def shop() -> None:
    """Storefronts: on a channel, or your own counter."""


@shop.command("add")
@click.argument("code")
@click.option("--title", prompt=True)
@click.option("--currency", default="CNY", show_default=True)
@click.option("--tax", default=13.0, show_default=True, help="Percent inside every price.")
@click.option("--warehouse", "codes", multiple=True, help="A warehouse that serves it; all of them when left out.")
@click.option("--carrier", default="", help="Code of the carrier connection for its parcels.")
@click.pass_context
def shop_add(
    context: click.Context, code: str, title: str, currency: str, tax: float, codes: tuple[str, ...], carrier: str
) -> None:
    """Add a shop."""
    with _system(context).installation.unit_of_work("cli") as uow:
        known = dict(uow.db.rows("SELECT code, id FROM warehouse"))
        if unknown := sorted(set(codes) - set(known)):
            raise click.ClickException(f"there is no warehouse {unknown[0]}; known: {', '.join(sorted(known)) or 'none'}")
        shop_id = add_shop(uow, code, title, currency, tax_rate=round(tax * 100))
        serve_shop(uow, shop_id, [known[name] for name in codes] or list(known.values()))
        set_carrier(uow, shop_id, carrier)
    click.echo(f"shop {code} is open")


@main.group()
def warehouse() -> None:
    """Places that hold and send goods."""


@warehouse.command("add")
@click.argument("code")
@click.option("--title", prompt=True)
@click.option("--region", "regions", multiple=True, help="A province, or a country by its code, that it is nearest to.")
@click.option("--province", default="")
@click.option("--city", default="")
@click.option("--detail", default="", help="Street and number, as the sender on parcels.")
@click.option("--name", default="", help="Who hands the parcels over.")
@click.option("--phone", default="")
@click.pass_context
def warehouse_add(context: click.Context, /, code: str, title: str, regions: tuple[str, ...], **address: str) -> None:
    """Add a warehouse."""
    sender = {part: text for part, text in address.items() if text}
    with _system(context).installation.unit_of_work("cli") as uow:
        add_warehouse(uow, code, title, regions, sender)
    click.echo(f"warehouse {code} is there")


@main.group()
def sku() -> None:
    """Things that can be counted."""


@sku.command("load")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_context
def sku_load(context: click.Context, file: Path) -> None:
    """Add SKUs with their opening stock from a CSV file.

    Columns: code, title, price, weight_g, barcode, cost (price and cost in the merchant's currency), and one column per
    warehouse code with its units. The file is taken in whole or not at all.
    """
    system = _system(context)
    with system.installation.unit_of_work("cli") as uow:
        count = load_skus(uow, file)
    click.echo(f"{count} SKUs are there")


@main.group()
def person() -> None:
    """People who may sign in."""


@person.command("add")
@click.argument("login")
@click.option("--name", prompt=True)
@click.option("--role", type=click.Choice([role.value for role in ROLES]), default=Role.ADMIN.value, show_default=True)
@click.password_option()
@click.pass_context
def person_add(context: click.Context, login: str, name: str, role: str, password: str) -> None:
    """Add a member of staff."""
    with _system(context).installation.unit_of_work("cli") as uow:
        add_person(uow, login, name, password, role)
    click.echo(f"{login} may sign in")


@main.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--shop", required=True, help="Code of the shop whose orders they are.")
@click.option(
    "--map", "said", multiple=True, metavar="FIELD=TITLE", help="The column of a field, remembered; FIELD= leaves it out."
)
@click.option("--unpaid", is_flag=True, help="Orders are not paid unless a column says so.")
@click.option("--preview", "only_look", is_flag=True, help="Say what would become of it, and write nothing.")
@click.pass_context
def import_file(context: click.Context, file: Path, shop: str, said: tuple[str, ...], unpaid: bool, only_look: bool) -> None:
    """Take in a file of orders (CSV or XLSX); the same file again goes on. Exit status 1 when a row failed."""
    house = _system(context).installation
    wrong = [entry for entry in said if "=" not in entry]
    if wrong:
        raise click.ClickException(f"{wrong[0]!r} is no FIELD=TITLE; there are: {', '.join(FIELDS)}")
    mapping = FileMapping(dict(entry.split("=", 1) for entry in said), paid=False if unpaid else None)
    if only_look:
        with house.db.connection():
            seen = upload.preview(house.db, house.merchant, shop, file.read_bytes(), house.environment.now(), mapping)
        for name, title in seen.mapping.columns.items():
            if title:
                click.echo(f"{name}: {title}")
        for problem in seen.problems:
            click.echo(str(problem), err=True)
        click.echo(
            f"{seen.rows} rows ({seen.encoding}): {seen.orders} orders, {seen.duplicates} rows known already, "
            f"{seen.failed} rows with problems; nothing is written"
        )
        context.exit(1 if seen.failed else 0)
    file_id = upload.store(house, "cli", shop, file.name, file.read_bytes(), mapping)
    done = upload.run(house, file_id, lambda now: click.echo(f"{now.rows - now.waiting} of {now.rows} rows", err=True))
    after = 0
    while failed := upload.failed_rows(house.db, file_id, after):
        for row in failed:
            click.echo(row.problem, err=True)
        after = failed[-1].no
    click.echo(f"{done.orders} orders, {done.duplicates} rows known already, {done.failed} rows failed")
    context.exit(1 if done.failed else 0)


@main.command()
@click.argument("period")
@click.argument("format_", metavar="FORMAT", required=False)
@click.option("--out", default=".", type=click.Path(path_type=Path, file_okay=False), show_default=True)
@click.pass_context
def export(context: click.Context, period: str, format_: str | None, out: Path) -> None:
    """Write a period's ledger (2026-11) as files for finance; without FORMAT, list the formats."""
    system = _system(context)
    if format_ is None:
        for name, kind in sorted(system.plugins.ledger_exporters.items()):
            click.echo(f"{name}: {kind.title}")
        return
    for path in road.export(system, out, period, [format_]):
        click.echo(str(path))


@main.command("close-period")
@click.argument("period")
@click.pass_context
def close(context: click.Context, period: str) -> None:
    """Close a month of the ledger: it takes no more entries."""
    system = _system(context)
    with system.installation.unit_of_work("cli") as uow:
        close_period(uow, period)
    balances = ledger.balances(system.installation.db, period)
    click.echo(f"{period} is closed, {len(balances)} balances")


@main.command()
@click.option("--once", is_flag=True, help="Walk the road once, without waiting.")
@click.option("--json", "as_json", is_flag=True, help="With --once: the figures as one JSON object, the last line.")
@click.option("--port", default=8080, show_default=True, help="Of the console; 0 takes a free one.")
@click.option("--pace", default=6.0, show_default=True, help="Seconds between two orders.")
@click.option("--home", default=None, type=click.Path(path_type=Path), help="Keep the demo's database here.")
@click.option("--database", default="", help="Instead of SQLite: postgresql://…, an empty database.")
def demo(once: bool, as_json: bool, port: int, pace: float, home: Path | None, database: str) -> None:
    """Two channels, a carrier, a CRM and a small merchant, all on this machine: watch orders go the whole road."""
    folder = home or Path(tempfile.mkdtemp(prefix="orderyard-demo-"))

    def say(text: str) -> None:
        click.echo(text, err=as_json)

    try:
        if once:
            figures = road.once(folder, database=database, say=say)
            if as_json:
                click.echo(road.as_line(figures))
            else:
                click.echo(json.dumps(figures, ensure_ascii=False, indent=2))
            sys.exit(0 if figures["verified"] and not figures["_wrong"] else 1)
        road.forever(folder, port=port, pace=pace, say=say, ready=_welcome)
    except KeyboardInterrupt:
        click.echo("the demo ends")
    except OSError as error:
        raise click.ClickException(f"cannot listen on port {port}: {error.strerror}; choose another with --port") from None
    finally:
        if home is None:
            shutil.rmtree(folder, ignore_errors=True)


@main.command("x", context_settings={"ignore_unknown_options": True})
@click.argument("slug", required=False)
@click.argument("name", required=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def plugin_command(context: click.Context, slug: str | None, name: str | None, arguments: tuple[str, ...]) -> None:
    """Call a plugin's command, or list those there are."""
    system = _system(context)
    there = system.plugins.commands
    if slug is None or name is None:
        for called, kind in sorted(there.items()):
            if slug is None or called.split(" ")[0] == slug:
                click.echo(f"{called}: {kind.help}")
        return
    if f"{slug} {name}" not in there:
        known = ", ".join(sorted(there)) or "none; enable a plugin that brings one"
        raise click.ClickException(f"there is no command {slug} {name}; there are: {known}")
    for line in there[f"{slug} {name}"]().run(system.contexts.of(slug), arguments):
        click.echo(line)


@main.group()
def scenario() -> None:
    """Stories of orders, stock and money in plain text, played and proved."""


@scenario.command("run")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--database", default="", help="Instead of SQLite: postgresql://…, of a server where databases may be made.")
@click.pass_context
def scenario_run(context: click.Context, files: tuple[Path, ...], database: str) -> None:
    """Play each file on a fresh database; exit status 1 and what was found where the first expectation fails."""
    failed = 0
    with databases_for(database) as databases:
        for path in files:
            failure = play(path, databases)
            failed += failure is not None
            click.echo(f"{path}: as it says" if failure is None else str(failure))
    context.exit(1 if failed else 0)


@scenario.command("words")
def scenario_words() -> None:
    """Everything that a scenario can say."""
    click.echo(page())


def _welcome(place: road.Town) -> None:
    click.echo(f"\n  console   {place.web.address}")
    for role, (login, name) in LOGINS.items():
        click.echo(f"  {role:<11} {login:<11} {PASSWORD}   {name}")
    click.echo("  Ctrl-C ends it; nothing is kept.\n")
