"""What a plugin's own pages are made with; each is guarded, headed and worded like the console's.

    @pages.get("/")
    @needs(Permission.ORDERS_READ)
    def index() -> str:
        return render_template("bell/index.html", rung=house().context().tables.rows("SELECT …"))

A template extends `base.html`, the console with its menu, or `bare.html`, a page without any of it for people from outside;
both have the blocks `title`, `head` (after the style sheets) and `content`. Put templates into a folder named after the slug.
Words come from `translations/` beside the blueprint's module, in templates by `_`; scripts and styles from its static folder,
for nothing inline is run.
"""

from __future__ import annotations

from ..auth.permissions import Permission
from ..auth.queries import SignedIn
from .access import may, me, needs, open_to_all, shows_pictures, signed_in, takes
from .hosting import house
from .language import language, moment, money
from .refusals import refuse
from .sentences import said
from .services import services
from .words import gettext, lazy_gettext, ngettext

STAFF_LAYOUT = "base.html"
BARE_LAYOUT = "bare.html"

__all__ = [
    "BARE_LAYOUT",
    "STAFF_LAYOUT",
    "Permission",
    "SignedIn",
    "gettext",
    "house",
    "language",
    "lazy_gettext",
    "may",
    "me",
    "merchant_timezone",
    "moment",
    "money",
    "needs",
    "ngettext",
    "open_to_all",
    "refuse",
    "said",
    "shows_pictures",
    "signed_in",
    "takes",
]


def merchant_timezone() -> str:
    """The zone in which people of this merchant write and read times."""
    return services().installation.merchant.timezone
