"""What goes out about orders: parcels, answers to claims, memos; each exactly once, looked up where it is unsure."""

from __future__ import annotations

from ..aftersales import service as aftersales
from ..aftersales.states import ANSWERABLE
from ..connections.service import ConnectionFacts, connection
from ..kernel.errors import OutcomeUnknown, RemoteNotUnderstood, RemoteRejected, RemoteUnavailable
from ..kernel.uow import UnitOfWork
from ..outbox.claims import Claimed
from ..outbox.service import NewTask, enqueue
from ..outbox.worker import Effect
from . import inbox
from .accounts import Accounts
from .api import AnswersClaims, CancelsOrders, ChangesShipments, ClaimAnswer, DocumentKind, Memo, ReportsClaims, WritesMemos
from .service import FETCH
from .writeback import shipment_of


class Telling:
    """The worker's handlers for what platforms are told."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._installation = accounts.installation

    def tell(self, task: Claimed) -> Effect | None:
        """Tell one platform about one parcel, looking first where an earlier attempt may have got through.

        A task with `replaces` puts our number in the place of the one that stands there.
        """
        db = self._installation.db
        facts = connection(db, task.owner)
        notice_id, state, shipment = shipment_of(
            db, str(task.payload.get("notice", task.key)), str(task.payload["external_id"])
        )
        replaces = str(task.payload.get("replaces", ""))
        if state == "done" and not replaces:
            return None
        channel = self._accounts.channel(facts)
        confirmed = channel.find_shipment(shipment) if task.unsure else None
        try:
            if confirmed is None and replaces:
                if not isinstance(channel, ChangesShipments):
                    raise RemoteRejected(
                        f"{channel.title} cannot change the number of a parcel",
                        remedy="change it on the platform's own page, then give this up",
                    )
                confirmed = channel.change_shipment(shipment, replaces, task.key)
            elif confirmed is None:
                confirmed = channel.confirm_shipment(shipment, task.key)
        except (RemoteRejected, RemoteNotUnderstood) as error:
            self._told(facts, notice_id, "failed", str(error))
            raise
        note = "the platform knew it already" if confirmed.already else f"instead of {replaces}" if replaces else ""
        return lambda uow: _write_told(uow, notice_id, "done", note)

    def _told(self, facts: ConnectionFacts, notice_id: int, state: str, note: str) -> None:
        with self._installation.unit_of_work(f"channel:{facts.code}") as uow:
            _write_told(uow, notice_id, state, note)

    def answer(self, task: Claimed) -> Effect | None:
        """Tell a platform what was decided about a claim, as it stands there now; then look at what it became.

        A claim that is decided there already is only looked at. A refusal gives the answer back to people.
        """
        facts = connection(self._installation.db, task.owner)
        channel = self._accounts.channel(facts)
        claim_id, after_sale = str(task.payload["claim"]), int(task.payload["after_sale"])
        if not isinstance(channel, ReportsClaims) or not isinstance(channel, AnswersClaims):
            self._not_taken(facts, after_sale, "it takes no answers from here")
            raise RemoteRejected(f"{channel.title} takes no answers to claims", remedy="answer it on the platform's own page")
        try:
            claim = channel.read_claim(channel.fetch_claim(claim_id))
            if claim.state in ANSWERABLE:
                said = ClaimAnswer(claim, bool(task.payload["agree"]), str(task.payload["because"]))
                channel.answer_claim(said, task.key)
        except OutcomeUnknown:
            raise
        except (RemoteRejected, RemoteNotUnderstood) as error:
            self._not_taken(facts, after_sale, str(error))
            raise

        def look(uow: UnitOfWork) -> None:
            row = inbox.store(uow, facts.id, "push", f"answered/{task.key}", claim_id, kind=DocumentKind.CLAIM)
            if row is not None:
                enqueue(uow, [NewTask(FETCH, facts.code, f"fetch/{row}", {"inbox": row})])

        return look

    def _not_taken(self, facts: ConnectionFacts, after_sale: int, because: str) -> None:
        with self._installation.unit_of_work(f"channel:{facts.code}") as uow:
            aftersales.unanswered(uow, after_sale, because)

    def write_memo(self, task: Claimed) -> Effect | None:
        """Put the seller's note on the platform's order; the whole note, so that repeating it is safe."""
        facts = connection(self._installation.db, task.owner)
        channel = self._accounts.channel(facts)
        if not isinstance(channel, WritesMemos):
            raise RemoteRejected(f"{channel.title} keeps no notes of the seller", remedy="give this up; the note is kept here")
        channel.write_memo(str(task.payload["external_id"]), Memo(str(task.payload["text"]), str(task.payload.get("flag", ""))))
        order_id = int(task.payload["order"])
        return lambda uow: uow.note("memo written", "order", order_id, facts.code)

    def cancel_order(self, task: Claimed) -> Effect | None:
        """Have a platform cancel an order; one that takes its time over it is asked again."""
        facts = connection(self._installation.db, task.owner)
        channel = self._accounts.channel(facts)
        external_id, order_id = str(task.payload["external_id"]), int(task.payload["order"])
        if not isinstance(channel, CancelsOrders):
            raise RemoteRejected(
                f"{channel.title} lets no orders be cancelled from here",
                remedy="cancel it on the platform's own page, then give this up",
            )
        if not channel.cancel_order(external_id, str(task.payload["because"])):
            raise RemoteUnavailable(f"the platform is still cancelling order {external_id}", remedy="wait; it is asked again")
        return lambda uow: uow.note("cancelled there", "order", order_id, facts.code)


def _write_told(uow: UnitOfWork, notice_id: int, state: str, note: str) -> None:
    uow.db.change(
        "UPDATE shipment_notice SET state = ?, note = ?, done_at = ? WHERE id = ? AND state <> 'done'",
        (state, note, uow.now, notice_id),
    )
    row = uow.db.row("SELECT order_id, number FROM shipment_notice WHERE id = ?", (notice_id,))
    if row is not None:
        uow.note(f"write-back {state}", "order", row[0], f"{row[1]} {note}".strip())
