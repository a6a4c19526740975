"""Everything that a scenario can say: the tables of all domains, one after the other."""

from __future__ import annotations

from collections.abc import Mapping

from .grammar import KINDS, Form, Vocabulary
from .words import (
    allotting,
    amending,
    buying,
    changing,
    claiming,
    counting,
    filing,
    handing,
    house,
    ordering,
    preselling,
    pricing,
    reviewing,
    sending,
    stocking,
    supplying,
)
from .world import World

CHAPTERS: Mapping[str, tuple[Form[World], ...]] = {
    "The house": house.FORMS,
    "Changes to the house": changing.FORMS,
    "Goods": stocking.FORMS,
    "Suppliers and what runs low": supplying.FORMS,
    "Shares and gifts": allotting.FORMS,
    "Buyers and platforms": buying.FORMS,
    "Orders": ordering.FORMS,
    "Amendments": amending.FORMS,
    "Presales": preselling.FORMS,
    "Files of orders": filing.FORMS,
    "Prices and customers": pricing.FORMS,
    "Review": reviewing.FORMS,
    "Parcels": sending.FORMS,
    "Across the counter": handing.FORMS,
    "After-sales": claiming.FORMS,
    "Money": counting.FORMS,
}

VOCABULARY: Vocabulary[World] = Vocabulary([form for forms in CHAPTERS.values() for form in forms])


def page() -> str:
    """The vocabulary as it stands in `docs/scenarios.md`: every form and part with its meaning, then every kind of slot."""
    lines = []
    for title, forms in CHAPTERS.items():
        lines += [f"### {title}", ""]
        for form in forms:
            lines.append(f"- `{form.said}` {form.meaning}")
            for name, phrase in (form.parts or {}).items():
                lines.append(f"  - `{phrase}`" + (", again for each" if name.endswith("*") else ""))
        lines.append("")
    lines += ["### What stands in the brackets", ""]
    lines += [f"- `<{name}>` {kind.meaning}" for name, kind in KINDS.items()]
    return "\n".join(lines) + "\n"
