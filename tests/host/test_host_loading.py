"""A plugin that is wrong at start-up switches itself off and says so; everybody else starts."""

from __future__ import annotations

import types
from collections.abc import Callable
from pathlib import Path

import pytest

from orderyard.core.host.plugins import Plugins, load
from orderyard.core.testing.public_names import private_imports

Write = Callable[..., types.ModuleType]
BELL = Path(__file__).parents[1] / "plugins" / "bell" / "orderyard_bell.py"

RULE = """
from orderyard.core.review.api import ReviewRule, Verdict
class Rule(ReviewRule):
    name = {name!r}
    title = "A rule"
    def judge(self, order):
        return Verdict(True)
@hookimpl
def register_review_rules():
    return [Rule]
"""

CHANNEL = """
from orderyard.core.channels.api import Ability, Channel
from datetime import timedelta
class Shop(Channel):
    name = {name!r}
    title = "A shop"
    ability = Ability(span=timedelta(days=1))
    def pull(self, window, cursor=None): ...
    def fetch(self, external_id): ...
    def read(self, body): ...
    def confirm_shipment(self, shipment, key): ...
    def find_shipment(self, shipment): ...
@hookimpl
def register_channels():
    return [Shop]
"""


def only_fault(plugins: Plugins) -> str:
    (fault,) = plugins.faults
    return f"{fault.slug} {fault.place}: {fault.message}"


def install(folder: Path, slug: str, module: str, source: str, distribution: str = "") -> None:
    """What a package installer leaves behind: a module, and metadata with its entry point."""
    (folder / f"{module}.py").write_text(source)
    info = folder / f"{(distribution or module)}-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution or module}\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text(f"[orderyard.plugins]\n{slug} = {module}\n")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_an_installed_and_enabled_plugin_runs(site: Path) -> None:
    install(site, "bell", "orderyard_bell", BELL.read_text())
    plugins = load(["bell"])
    assert plugins.faults == []
    assert plugins.running == ("bell",)
    assert plugins.hooks_of("bell") == [
        "object_to_transition",
        "on_shipment_dispatched",
        "register_review_rules",
        "show_order_panels",
    ]
    assert list(plugins.review_rules) == ["bell_many_units"]
    assert plugins.owner_of("review_rules", "bell_many_units") == "bell"


def test_installing_is_not_enabling(site: Path) -> None:
    install(site, "bell", "orderyard_bell", BELL.read_text())
    plugins = load([])
    assert plugins.running == ()
    assert ("bell", "orderyard_bell", "0.1.0") in [(one.slug, one.distribution, one.version) for one in plugins.installed]


def test_a_stranger_needs_public_names_only() -> None:
    folder = BELL.parent
    assert [line for line in private_imports(folder) if line.startswith("bell/orderyard_bell")] == []


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("import nowhere_to_be_found", "ModuleNotFoundError: No module named 'nowhere_to_be_found'"),
        ("1/0", "ZeroDivisionError"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("def broken(:", "SyntaxError"),
        ("import warnings; warnings.warn('old', DeprecationWarning)", "DeprecationWarning"),
    ],
)
def test_a_plugin_that_raises_at_import_is_off_and_the_rest_starts(
    site: Path, bell: types.ModuleType, source: str, says: str
) -> None:
    name = f"orderyard_wrong_{abs(hash(source))}"
    install(site, "wrong", name, source)
    plugins = load(["wrong", "bell"], extra={"bell": bell})
    assert plugins.running == ("bell",)
    assert says in only_fault(plugins)
    assert only_fault(plugins).startswith("wrong start: importing ")


def test_a_plugin_that_is_enabled_and_not_installed_is_named(bell: types.ModuleType) -> None:
    plugins = load(["ghost", "bell"], extra={"bell": bell})
    assert plugins.running == ("bell",)
    assert "ghost start: it is not installed" in only_fault(plugins)


def test_two_packages_with_one_plugin_name_are_both_named(site: Path) -> None:
    install(site, "twin", "orderyard_twin_one", "", "one")
    install(site, "twin", "orderyard_twin_two", "", "two")
    plugins = load(["twin"])
    assert plugins.running == ()
    assert "orderyard_twin_one, orderyard_twin_two" in only_fault(plugins)


@pytest.mark.parametrize(
    ("manifest", "says"),
    [
        ("pass\n", "no module-level `manifest`"),
        ("manifest = {'slug': 'wrong'}\n", "no module-level `manifest`"),
        ("manifest = Manifest(slug='other', title='x')\n", "'other'"),
        ("manifest = Manifest(slug='wrong', title='')\n", "no title"),
        (
            "manifest = Manifest(slug='wrong', title='x', api='2.0')\n",
            "written for version 2.0 of the plugin API, and this is 1.0",
        ),
        ("manifest = Manifest(slug='wrong', title='x', api='0.9')\n", "written for version 0.9"),
        ("manifest = Manifest(slug='wrong', title='x', api='one')\n", "API version is 'one'"),
        ("manifest = Manifest(slug='wrong', title='x', requires='bell')\n", "`requires`"),
        ("manifest = Manifest(slug='wrong', title='x', requires=('wrong',))\n", "`requires`"),
        ("manifest = Manifest(slug='wrong', title='x', settings=('token',))\n", "SettingField"),
        ("from pathlib import Path\nmanifest = Manifest(slug='wrong', title='x', migrations=Path('/nowhere'))\n", "no folder"),
        ("def __getattr__(name): raise RuntimeError('no manifest today')\n", "RuntimeError: no manifest today"),
    ],
)
def test_a_manifest_that_does_not_hold_together_is_refused(
    write: Write, bell: types.ModuleType, manifest: str, says: str
) -> None:
    plugins = load(["wrong", "bell"], extra={"wrong": write("wrong", "", manifest), "bell": bell})
    assert plugins.running == ("bell",)
    assert says in only_fault(plugins)


def test_a_slug_is_fit_for_table_names(write: Write) -> None:
    slug = "Robert'); DROP TABLE"
    plugins = load([slug], extra={slug: write("x", "", f"manifest = Manifest(slug={slug!r}, title='x')\n")})
    assert "is no slug" in only_fault(plugins)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("@hookimpl\ndef register_chanels(): ...", "unknown hook 'register_chanels'"),
        ("@hookimpl\ndef object_to_transition(order): ...", "order"),
        ("@hookimpl\ndef on_order_placed(events, ctx): ...", "ctx"),
        ("@hookimpl\ndef register_channels(): raise SystemExit('bye')", "register_channels: SystemExit: bye"),
        ("@hookimpl\ndef register_channels(): 1/0", "register_channels: ZeroDivisionError"),
        ("@hookimpl\ndef register_carriers(): return 'SF'", "return a list of classes"),
        ("@hookimpl\ndef register_carriers(): return [object()]", "return subclasses of Carrier"),
        ("@hookimpl\ndef register_carriers():\n    yield 1/0", "ZeroDivisionError"),
        (
            "from orderyard.core.carriers.api import Carrier\n"
            "class C(Carrier): name = 'wrong'\n"
            "@hookimpl\n"
            "def register_carriers(): return [C]",
            "C does not implement book, cancel, find, track",
        ),
        (RULE.format(name=""), "Rule.name is ''"),
        (CHANNEL.format(name="shop"), "start its name with wrong"),
        (CHANNEL.format(name="wrong").replace("ability = Ability(span=timedelta(days=1))", "pass"), "Shop.ability is None"),
    ],
)
def test_a_plugin_that_registers_wrongly_is_off_and_the_rest_starts(
    write: Write, bell: types.ModuleType, source: str, says: str
) -> None:
    plugins = load(["wrong", "bell"], extra={"wrong": write("wrong", source), "bell": bell})
    assert plugins.running == ("bell",)
    assert says in only_fault(plugins)
    assert plugins.hooks_of("wrong") == []
    assert list(plugins.review_rules) == ["bell_many_units"]


def test_a_taken_name_switches_the_later_plugin_off_with_all_it_registered(write: Write) -> None:
    second = CHANNEL.format(name="second_shop") + RULE.format(name="same")
    plugins = load(
        ["first", "second"], extra={"first": write("first", RULE.format(name="same")), "second": write("second", second)}
    )
    assert plugins.running == ("first",)
    assert plugins.owner_of("review_rules", "same") == "first"
    assert plugins.channels == {}
    assert "second start: register_review_rules: the name 'same' is taken by plugin first" in only_fault(plugins)


def test_a_name_of_the_core_is_taken_too(write: Write) -> None:
    wrong = write("wrong", RULE.format(name="amount"))
    plugins = load(["wrong"], extra={"wrong": wrong}, reserved={"review_rules": {"amount"}})
    assert "'amount' is taken by the core" in only_fault(plugins)


def test_a_plugin_whose_need_is_not_met_is_off_and_so_is_who_needs_it(write: Write, bell: types.ModuleType) -> None:
    needs = "manifest = Manifest(slug={0!r}, title='x', requires=({1!r},))\n"
    extra = {
        "base": write("base", "@hookimpl\ndef nonsense(): ..."),
        "middle": write("middle", "", needs.format("middle", "base")),
        "top": write("top", "", needs.format("top", "middle")),
        "bell": bell,
    }
    plugins = load(["top", "middle", "base", "bell"], extra=extra)
    assert plugins.running == ("bell",)
    assert {fault.slug: fault.message for fault in plugins.faults} == {
        "base": next(fault.message for fault in plugins.faults if fault.slug == "base"),
        "middle": "it requires base, not running here",
        "top": "it requires middle, not running here",
    }


def test_a_need_is_met_whatever_the_order(write: Write, bell: types.ModuleType) -> None:
    needy = write("needy", "", "manifest = Manifest(slug='needy', title='x', requires=('bell',))\n")
    plugins = load(["needy", "bell"], extra={"needy": needy, "bell": bell})
    assert plugins.running == ("needy", "bell")


def test_a_plugin_listed_twice_runs_once(bell: types.ModuleType) -> None:
    assert load(["bell", "bell"], extra={"bell": bell}).running == ("bell",)


def test_faults_of_the_start_are_there_to_be_written(write: Write) -> None:
    plugins = load(["ghost"])
    assert [(fault.slug, fault.place) for fault in plugins.take_faults()] == [("ghost", "start")]
    assert plugins.take_faults() == []


def test_ctrl_c_is_not_contained(write: Write) -> None:
    with pytest.raises(KeyboardInterrupt):
        load(["wrong"], extra={"wrong": write("wrong", "@hookimpl\ndef register_channels(): raise KeyboardInterrupt")})


def test_our_own_plugins_start() -> None:
    """Those that are installed in this environment; the folder names are the slugs."""
    here = {one.slug for one in load([]).installed}
    root = Path(__file__).parents[2]
    ours = sorted(path.parent.name for path in root.glob("plugins/*/pyproject.toml") if path.parent.name in here)
    if not ours:
        pytest.skip("none of our plugins is installed here")
    plugins = load(ours)
    assert plugins.faults == []
    assert plugins.running == tuple(ours)
