"""Commands on fulfillment orders, as other rooms call them."""

from __future__ import annotations

from .documents import BY_HAND as BY_HAND
from .documents import HOLDER as HOLDER
from .documents import Fo as Fo
from .documents import fo_lines as fo_lines
from .documents import fo_number as fo_number
from .documents import held as held
from .documents import move as move
from .letting_go import end as end
from .letting_go import let_go as let_go
from .planning import route as route
from .serving import FoLineRow as FoLineRow
from .steps import blocked as blocked
from .steps import pack as pack
from .steps import pick as pick
from .steps import release as release
from .steps import ship as ship
from .steps import start_picking as start_picking
from .waiting import allocate as allocate
from .waiting import allocate_all as allocate_all
from .waiting import count_reserved as count_reserved
from .waiting import offer as offer
from .waiting import undisturbed as undisturbed
from .waybills import deliver as deliver
from .waybills import issue_waybill as issue_waybill
from .waybills import waybill_failed as waybill_failed
from .waybills import waybill_not_given_back as waybill_not_given_back
