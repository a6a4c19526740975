"""States follow each other only as they are written down."""

from __future__ import annotations

from enum import StrEnum

import pytest

from orderyard.core.kernel.errors import IllegalTransition
from orderyard.core.kernel.states import Transitions


class Lamp(StrEnum):
    OFF = "off"
    ON = "on"
    BROKEN = "broken"


LAMP = Transitions[Lamp]("lamp", {Lamp.OFF: {Lamp.ON}, Lamp.ON: {Lamp.OFF, Lamp.BROKEN}, Lamp.BROKEN: set()})


def test_an_allowed_move_passes() -> None:
    LAMP.check("L1", Lamp.OFF, Lamp.ON)
    assert LAMP.pairs() == {(Lamp.OFF, Lamp.ON), (Lamp.ON, Lamp.OFF), (Lamp.ON, Lamp.BROKEN)}


@pytest.mark.parametrize(("source", "target"), [(Lamp.OFF, Lamp.BROKEN), (Lamp.BROKEN, Lamp.ON), (Lamp.ON, Lamp.ON)])
def test_an_illegal_move_names_the_document_and_both_states(source: Lamp, target: Lamp) -> None:
    with pytest.raises(IllegalTransition, match=f"lamp L1 cannot go from {source} to {target}: wait") as caught:
        LAMP.check("L1", source, target, remedy="wait")
    assert (caught.value.document, caught.value.source, caught.value.target) == ("lamp L1", source, target)
