"""Which step of an after-sale may follow which."""

from __future__ import annotations

from collections.abc import Mapping

from ..kernel.states import Transitions
from .api import AfterSaleState as S

OVER = (S.CLOSED, S.REJECTED, S.CANCELLED)
"""Nothing more is going to happen, unless the buyer asks again."""

DECIDED = (S.APPROVED, S.IN_TRANSIT, S.RECEIVED, S.INSPECTED, S.SETTLING)
"""Agreed to and not over."""

ANSWERABLE = (S.REQUESTED, S.IN_TRANSIT, S.RECEIVED)
"""Somebody waits for our word: on the wish itself, or on the goods that came back for it."""

_FORWARD: Mapping[S, frozenset[S]] = {
    S.REQUESTED: frozenset({S.APPROVED, S.IN_TRANSIT, S.RECEIVED, S.INSPECTED, S.SETTLING, S.CLOSED, S.REJECTED, S.CANCELLED}),
    S.APPROVED: frozenset({S.IN_TRANSIT, S.RECEIVED, S.INSPECTED, S.SETTLING, S.CLOSED, S.REJECTED, S.CANCELLED}),
    S.IN_TRANSIT: frozenset({S.RECEIVED, S.INSPECTED, S.SETTLING, S.CLOSED, S.REJECTED, S.CANCELLED}),
    S.RECEIVED: frozenset({S.INSPECTED, S.SETTLING, S.CLOSED, S.REJECTED, S.CANCELLED}),
    S.INSPECTED: frozenset({S.SETTLING, S.CLOSED, S.REJECTED, S.CANCELLED}),
    S.SETTLING: frozenset({S.CLOSED, S.REJECTED, S.CANCELLED}),
    # A refused or withdrawn request may be made again; and a platform that is called in decides otherwise, as far as it likes.
    S.REJECTED: frozenset({S.REQUESTED, S.APPROVED, S.IN_TRANSIT, S.RECEIVED, S.INSPECTED, S.SETTLING, S.CLOSED, S.CANCELLED}),
    S.CANCELLED: frozenset({S.REQUESTED}),
    S.CLOSED: frozenset({S.APPROVED, S.IN_TRANSIT, S.RECEIVED}),  # a return that was closed too early is opened again
}
AFTER_SALE: Transitions[S] = Transitions("after-sale", _FORWARD)
