"""People who may sign in."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, url_for
from werkzeug.wrappers import Response

from ...auth import queries as reads
from ...auth import service as auth
from ...auth.permissions import ROLES, Permission, Role
from ...auth.queries import PersonRow
from ..access import needs
from ..forms import NewPersonForm, PasswordForm, PersonForm, entered
from ..refusals import perform
from ..services import services
from ..words import gettext as _

pages = Blueprint("people", __name__, url_prefix="/people")


@pages.get("/")
@needs(Permission.PEOPLE_MANAGE)
def index() -> str:
    installation = services().installation
    return render_template(
        "people.html",
        people=reads.people(installation.db, installation.environment.now()),
        form=NewPersonForm(),
        roles=list(Role),
        permissions=ROLES,
    )


@pages.post("/")
@needs(Permission.PEOPLE_MANAGE)
def add() -> Response | tuple[str, int]:
    installation = services().installation
    form = NewPersonForm()
    if form.validate() and perform(
        lambda uow: auth.add_person(
            uow,
            entered(form.login),
            entered(form.name),
            entered(form.password),
            entered(form.role),
            entered(form.language),
        ),
        _("%(name)s may sign in now.", name=entered(form.name)),
    ):
        return redirect(url_for(".index"), 303)
    people = reads.people(installation.db, installation.environment.now())
    return render_template("people.html", people=people, form=form, roles=list(Role), permissions=ROLES), 422


@pages.route("/<row:person_id>", methods=["GET", "POST"])
@needs(Permission.PEOPLE_MANAGE)
def show(person_id: int) -> str | Response | tuple[str, int]:
    person = _person(person_id)
    form = PersonForm(obj=person)
    if form.validate_on_submit() and perform(
        lambda uow: auth.change_person(
            uow, person_id, entered(form.name), entered(form.role), entered(form.language), bool(form.active.data)
        ),
        _("Saved."),
    ):
        return redirect(url_for(".index"), 303)
    page = render_template("person.html", person=person, form=form, password_form=PasswordForm())
    return (page, 422) if form.is_submitted() else page


@pages.post("/<row:person_id>/password")
@needs(Permission.PEOPLE_MANAGE)
def set_password(person_id: int) -> Response | tuple[str, int]:
    person = _person(person_id)
    form = PasswordForm()
    if form.validate() and perform(
        lambda uow: auth.set_password(uow, person_id, entered(form.password)),
        _("%(name)s has a new password and must sign in again everywhere.", name=person.name),
    ):
        return redirect(url_for(".show", person_id=person_id), 303)
    return render_template("person.html", person=person, form=PersonForm(formdata=None, obj=person), password_form=form), 422


@pages.post("/<row:person_id>/sign-out")
@needs(Permission.PEOPLE_MANAGE)
def sign_out(person_id: int) -> Response:
    person = _person(person_id)
    perform(lambda uow: auth.end_all(uow, person_id), _("%(name)s is signed out everywhere.", name=person.name))
    return redirect(url_for(".show", person_id=person_id), 303)


def _person(person_id: int) -> PersonRow:
    installation = services().installation
    found = reads.person(installation.db, person_id, installation.environment.now())
    if found is None:
        abort(404)
    return found
