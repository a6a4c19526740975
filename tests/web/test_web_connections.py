"""Connections by page: tested, pulled, moved back, paused, given access; what came in, and what the platform refused."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from orderyard.core.kernel.errors import RemoteUnavailable
from orderyard.core.testing.paper import Platform, Shop, document, later

Enter = Callable[..., Any]
PAGE = "/connections/paper"


def state(shop: Shop) -> str:
    return shop.facts.state


def notes(shop: Shop) -> list[tuple[str, str]]:
    rows = shop.house.db.rows("SELECT action, actor FROM audit WHERE kind = 'connection' ORDER BY id")
    return [(row[0], row[1]) for row in rows]


def test_the_list_says_who_works_and_what_waits(at_shop: Enter, shop: Shop) -> None:
    shop.pull(document("T1", ("TEE", 1)), document("T2", ("TEE", 1), state="mystery"))
    with shop.house.work() as uow:
        ends = shop.house.environment.moment + timedelta(days=1)
        uow.db.change("UPDATE connection SET expires_at = ?, warn_from = ?", (ends, ends - timedelta(days=3)))
    for path in ("/connections/", PAGE, "/", "/work/"):
        text = at_shop("supervisor").text(path)
        assert "paper" in text
        assert "ends 23 Nov" in text, path
        assert path == "/work/" or "1 parked document" in text, path
    with shop.house.work() as uow:
        ends = shop.house.environment.moment + timedelta(days=30)
        uow.db.change("UPDATE connection SET expires_at = ?, warn_from = ?", (ends, ends - timedelta(days=3)))
    assert 'id="ending"' not in at_shop("supervisor").text("/work/")


def test_a_test_says_whose_account_it_is(at_shop: Enter) -> None:
    assert "The platform knows us: the shop of" in at_shop("supervisor").post(f"{PAGE}/test", page=PAGE).text


def test_what_the_platform_answers_wrong_is_shown_with_its_remedy(
    at_shop: Enter, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(self: object) -> str:
        raise RemoteUnavailable("nobody answers", remedy="try again in a moment")

    def broken(self: object) -> str:
        raise ZeroDivisionError("0 shops")

    browser = at_shop("supervisor")
    for fault, words in ((away, ("nobody answers", "try again in a moment")), (broken, ("ZeroDivisionError", "fell over"))):
        monkeypatch.setattr(shop.Paper, "who", fault)
        text = browser.post(f"{PAGE}/test", page=PAGE).text
        assert all(word in text for word in words)


def test_a_pull_by_hand_says_what_it_brought(at_shop: Enter, shop: Shop) -> None:
    shop.platform.keep(document("T1", ("TEE", 1)), changed=shop.house.environment.moment)
    shop.house.environment.moment += timedelta(minutes=1)
    browser = at_shop("supervisor")
    assert "Took effect: 1" in browser.post(f"{PAGE}/pull", page=PAGE).text
    assert "Nothing had changed" in browser.post(f"{PAGE}/pull", page=PAGE).text
    assert notes(shop)[-2:] == [("pulled", "person:supervisor")] * 2


def test_a_pull_that_takes_long_goes_on_without_the_page(at_shop: Enter, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    gate, send = threading.Event(), Platform.send

    def slow(self: Platform, request: Any) -> Any:
        assert gate.wait(30)
        return send(self, request)

    monkeypatch.setattr(Platform, "send", slow)
    monkeypatch.setattr("orderyard.core.channels.errands.Errands.pull.__defaults__", (0.05,))
    browser = at_shop("supervisor")
    assert "still going on" in browser.post(f"{PAGE}/pull", page=PAGE).text
    assert "is being pulled already" in browser.post(f"{PAGE}/look-back", page=PAGE, days="2").text
    gate.set()
    for thread in threading.enumerate():
        if thread.name == "errand-paper":
            thread.join(30)
    assert ("pulled", "person:supervisor") in notes(shop)


def test_a_look_back_finds_what_was_missed(at_shop: Enter, shop: Shop) -> None:
    shop.pull()
    missed = shop.house.environment.moment - timedelta(days=2)
    shop.platform.keep(document("T1", ("TEE", 1)), changed=missed)
    browser = at_shop("supervisor")
    assert "Nothing had changed" in browser.post(f"{PAGE}/pull", page=PAGE).text
    assert "give a number from 1 to 366" in browser.post(f"{PAGE}/look-back", page=PAGE, days="0").text
    assert "Took effect: 1" in browser.post(f"{PAGE}/look-back", page=PAGE, days="3").text


def test_a_cursor_is_shown_and_moves_back_only(at_shop: Enter, shop: Shop) -> None:
    shop.pull()
    reached = shop.facts.cursor
    browser = at_shop("supervisor")
    assert "Orders pulled up to" in browser.text(PAGE)
    assert "No moment was given" in browser.post(f"{PAGE}/move-back", page=PAGE, to="").text
    assert "give an earlier moment" in browser.post(f"{PAGE}/move-back", page=PAGE, to="2027-01-01T00:00").text
    assert shop.facts.cursor == reached
    assert "begins there" in browser.post(f"{PAGE}/move-back", page=PAGE, to="2026-11-01T08:00").text
    assert shop.facts.cursor is not None
    assert shop.facts.cursor.isoformat() == "2026-11-01T00:00:00+00:00"


def test_it_is_paused_with_a_reason_and_resumed(at_shop: Enter, shop: Shop) -> None:
    browser = at_shop("supervisor")
    assert "A reason is missing" in browser.post(f"{PAGE}/pause", page=PAGE, because=" ").text
    assert state(shop) == "active"
    assert "they move house" in browser.post(f"{PAGE}/pause", page=PAGE, because="they move house").text
    assert state(shop) == "paused"
    assert "resume it first" in browser.post(f"{PAGE}/pull", page=PAGE).text
    browser.post(f"{PAGE}/resume", page=PAGE)
    assert state(shop) == "active"


def test_settings_are_stored_and_secrets_never_shown(at_shop: Enter, shop: Shop) -> None:
    browser = at_shop("admin")
    said = browser.post(f"{PAGE}/settings", page=PAGE, **{"s-token": "hush-4711"})
    assert "The settings are stored" in said.text
    assert "hush-4711" not in said.text
    assert "stored; leave empty to keep it" in said.text
    assert "the shop of hush-4711" in browser.post(f"{PAGE}/test", page=PAGE).text


def consented(browser: Any) -> tuple[str, str]:
    """The address that the page of consent leads to, and the state in it."""
    text = browser.post(f"{PAGE}/access", page=PAGE).text
    found = re.search(r'href="(https://paper\.example/consent[^"]+)"', text)
    assert found is not None, text
    address = found[1].replace("&amp;", "&")
    return address, parse_qs(urlsplit(address).query)["state"][0]


def test_access_is_given_on_the_platforms_page(at_shop: Enter, shop: Shop) -> None:
    browser = at_shop("admin")
    address, given = consented(browser)
    assert "back=http://localhost/connections/paper/back" in address
    said = browser.get(f"{PAGE}/back", query_string={"code": "yes", "state": given}, follow_redirects=True)
    assert "Access was given" in said.text
    assert shop.facts.expires_at is not None
    assert shop.platform.grants == 1


def test_only_who_asked_brings_the_answer_back(at_shop: Enter, shop: Shop) -> None:
    _, given = consented(at_shop("admin"))
    answer = {"code": "yes", "state": given}
    with shop.house.work("setup") as uow:
        uow.db.change("UPDATE person SET role = 'admin' WHERE login = 'viewer'")
    said = at_shop("viewer").get(f"{PAGE}/back", query_string=answer, follow_redirects=True)
    assert "somebody else asked for access" in said.text
    assert at_shop("supervisor").get(f"{PAGE}/back", query_string=answer).status_code == 403
    stranger = at_shop("admin")
    stranger.client.delete_cookie("orderyard")
    assert "/sign-in" in stranger.get(f"{PAGE}/back", query_string=answer).location
    assert shop.platform.grants == 0
    said = at_shop("admin").get(f"{PAGE}/back", query_string=answer | {"state": "nonsense"}, follow_redirects=True)
    assert "does not belong to a question" in said.text


def test_a_connection_is_made(at_shop: Enter, shop: Shop) -> None:
    browser = at_shop("admin")
    page = "/connections/new"
    assert "adapter=paper" in browser.text(page)
    page = f"{page}?adapter=paper"
    shop_id = str(shop.house.shops["cn2"].id)
    fields = {"adapter": "paper", "code": "paper-2", "shop": shop_id, "s-token": "hush"}
    for wrong, said in (
        ({"code": "a/b"}, "is no code of a connection"),
        ({"code": "new"}, "can be called new"),
        ({"code": "paper"}, "exists already"),
        ({"shop": ""}, "was not chosen"),
        ({"adapter": "telegraph"}, "No plugin brings"),
    ):
        refused = browser.post("/connections/new", page=page, **(fields | wrong))
        assert (refused.status_code, said in refused.text) == (422, True), wrong
        assert "hush" not in refused.text
    assert "paper-2" in browser.post("/connections/new", page=page, **fields).text
    assert "the shop of hush" in browser.post("/connections/paper-2/test", page=PAGE).text


def test_a_document_that_was_parked_is_read_replayed_and_given_up(at_shop: Enter, shop: Shop) -> None:
    shop.pull(document("T1", ("TEE", 1), crash=True), document("T2", ("TEE", 1), state="mystery"))
    first, second = (row[0] for row in shop.house.db.rows("SELECT id FROM inbox WHERE verdict = 'parked' ORDER BY id"))
    browser = at_shop("supervisor")
    text = browser.text(f"{PAGE}?verdict=parked")
    assert "unknown state mystery" in text
    assert "fell over" in text
    assert "某路1号" in browser.text(f"/inbox/{first}")
    assert "某路1号" not in at_shop("finance", "en").get(f"/inbox/{first}").text
    shop.Paper.mended = True
    browser.post(f"/inbox/{first}/replay", page=f"/inbox/{first}")
    shop.house.system.worker.drain()
    assert "Took effect" in browser.text(f"/inbox/{first}")
    assert "without a reason" in browser.post(f"/inbox/{second}/dismiss", page=f"/inbox/{second}", because="").text
    said = browser.post(f"/inbox/{second}/dismiss", page=PAGE, because="entered by hand", to="connection")
    assert "is given up" in said.text
    assert shop.verdicts()[1] == ("T2", "dismissed")


def test_the_inbox_is_paged_and_narrowed(at_shop: Enter, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orderyard.core.channels.pages.PAGE", 2)
    shop.pull(*[document(f"T{number}", ("TEE", 1)) for number in range(5)])
    browser, seen, path = at_shop("reviewer"), [], PAGE
    while path:
        text = browser.text(path)
        seen += re.findall(r'class="fw-bold raw" href="/inbox/\d+">(T\d)<', text)
        older = re.search(r'rel="next" href="([^"#]+)', text)
        path = older[1].replace("&amp;", "&") if older else ""
    assert sorted(seen) == ["T0", "T1", "T2", "T3", "T4"]
    assert "/inbox/" not in browser.text(f"{PAGE}?verdict=parked")


def test_a_number_that_was_refused_is_told_again_or_put_in_place(at_shop: Enter, shop: Shop) -> None:
    shop.house.receive("SH", TEE=5)
    shop.pull(document("T1", ("TEE", 2)))
    number = shop.house.ship(shop.house.fos(shop.order("T1"))[0])
    with shop.house.work() as uow:
        uow.db.change("UPDATE shipment_notice SET state = 'failed', note = 'another number stands there: ZZ9'")
        uow.db.change("UPDATE task SET state = 'given_up' WHERE kind = 'tell_shipment'")
    browser = at_shop("supervisor")
    assert "another number stands there: ZZ9" in browser.text(PAGE)
    said = browser.post("/write-backs/1/resend", page=PAGE, replaces="ZZ9", to="connection")
    assert "with our number instead" in said.text
    shop.house.system.worker.drain()
    assert [one.get("replaces") for one in shop.platform.shipments] == ["ZZ9"]
    order = f"/orders/{shop.order('T1')}"
    assert "instead of ZZ9" in browser.text(order)
    assert "was told already" in browser.post("/write-backs/1/resend", page=order).text
    assert str(number) in browser.text(order)


def test_pushes_are_subscribed_at_our_address(at_shop: Enter, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "http://localhost/hook/paper/paper" in at_shop("supervisor").text(PAGE)
    told: list[str] = []

    def subscribe(self: object, address: str) -> list[str]:
        told.append(address)
        return ["orders/create"] if len(told) == 1 else []

    monkeypatch.setattr(shop.Paper, "subscribe", subscribe, raising=False)
    browser, address = at_shop("supervisor"), "https://erp.example/hook/paper/paper"
    assert "is no address" in browser.post(f"{PAGE}/subscribe", page=PAGE, address="erp.example").text
    assert "mended: orders/create" in browser.post(f"{PAGE}/subscribe", page=PAGE, address=address).text
    assert "nothing had to be mended" in browser.post(f"{PAGE}/subscribe", page=PAGE, address=address).text
    assert told == [address, address]


def test_stock_state_counts_what_the_shop_acknowledged(at_shop: Enter, shop: Shop) -> None:
    shop.house.receive("SH", TEE=5)
    shop.pull(document("T1", ("TEE", 1), ("CAP", 1)), document("T2", ("WHAT", 1)))
    text = at_shop("supervisor").text(PAGE)
    assert re.search(r"Not told yet</dt><dd[^>]*>2<", text)
    assert f'href="/listings/?shop={shop.house.shops["cn"].id}"' in text
    shop.house.system.publish()
    assert re.search(r"Not told yet</dt><dd[^>]*>0<", at_shop("supervisor").text(PAGE))


def test_a_memo_goes_to_the_platform_from_the_order(at_shop: Enter, shop: Shop) -> None:
    shop.pull(document("T1", ("TEE", 1)))
    order = f"/orders/{shop.order('T1')}"
    browser = at_shop("reviewer")
    assert "The flag was not chosen" in browser.post(f"{order}/memo", page=order, memo="x", flag="9").text
    browser.post(f"{order}/memo", page=order, memo="call before delivery", flag="2")
    shop.house.system.worker.drain()
    assert shop.platform.memos == {"T1": ("call before delivery", "2")}
    assert 'name="memo"' not in at_shop("warehouse").text(order)


def test_a_document_in_a_newer_version_leads_to_its_order(at_shop: Enter, shop: Shop) -> None:
    first = document("T1", ("TEE", 1))
    shop.pull(first)
    shop.pull(later(first, memo="careful"))
    text = at_shop("supervisor").text(f"{PAGE}?verdict=effective")
    assert text.count(f'href="/orders/{shop.order("T1")}"') == 2


@pytest.mark.parametrize("step", ["test", "pull", "look-back", "move-back", "pause", "resume", "subscribe"])
def test_only_who_mends_work_may_do_it(at_shop: Enter, step: str) -> None:
    assert at_shop("reviewer").post(f"{PAGE}/{step}").status_code == 403


def test_who_may_not_look_is_refused(at_shop: Enter) -> None:
    for path in ("/connections/", PAGE):
        assert at_shop("warehouse").get(path).status_code == 403
    for path in (f"{PAGE}/settings", f"{PAGE}/access", "/connections/new"):
        assert at_shop("supervisor").post(path).status_code == 403
    assert at_shop("admin").get("/connections/nobody").status_code == 404


def test_every_page_of_connections_speaks_chinese(at_shop: Enter, shop: Shop) -> None:
    shop.pull(document("T1", ("TEE", 1), state="mystery"))
    browser = at_shop("admin", "zh")
    for path, words in (
        ("/connections/", "最近成功同步"),
        (PAGE, "收到的单据"),
        ("/connections/new?adapter=paper", "新建连接"),
        ("/inbox/1", "这份单据等待人工处理"),
        ("/", "最近成功同步"),
    ):
        assert words in browser.text(path), path
    assert "前往 Paper" in browser.post(f"{PAGE}/access", page=PAGE).text
