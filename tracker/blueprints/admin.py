"""People, units, grants and accounts, for administrators.

Who is who and may what are events, by commands through the handler, whose rules say what nobody may do to
themselves (domain/organising.py). Accounts are rows of `signin`, written in the transaction of the log's entry.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial, wraps
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from tracker import formats, languages, passwords, signin, words
from tracker.blueprints.names import grant_line, names
from tracker.blueprints.rights import connection, current_person, directory, house, needs, now, today
from tracker.domain.commands import (
    AddPerson,
    AddUnit,
    ChangeAccount,
    DirectoryCommand,
    EndGrant,
    GiveGrant,
    PersonLeaves,
)
from tracker.domain.people import AccountChange, Person, Unit
from tracker.domain.refusals import Kind, Refusal, Refusals
from tracker.domain.texts import half_width
from tracker.forms.admin import AdminForm, account_form, grant_form, person_form, unit_form
from tracker.forms.fields import Pairs
from tracker.handler import Beside, handle
from tracker.queries.accounts import AccountLine, accounts_of, is_login_taken

bp = Blueprint("admin", __name__)

PAGE = 100


# -- everybody ----------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class PersonLine:
    """A line of the list. It groups by unit, so the unit itself is a line as well."""

    name: str
    is_group: bool = False
    id: int = 0
    roles: str = ""
    logins: str = ""
    has_left: bool = False

    @property
    def is_closed(self) -> bool:
        return self.has_left


@bp.get("/admin/people")
@needs("administer")
def people() -> ResponseReturnValue:
    """Who is there, unit by unit, with roles and accounts."""
    unit_id, words_asked = request.args.get("unit", 0, type=int), half_width(request.args.get("q", ""))[:80]
    start = max(0, request.args.get("after", 0, type=int))
    found = _found(unit_id, words_asked, shows_left=request.args.get("left") == "1")
    shown = found[start : start + PAGE]
    args: dict[str, Any] = {
        name: value for name, value in request.args.items() if name in ("unit", "q", "left") and value
    }
    return render_template(
        "admin/people.html",
        rows=_lines(shown),
        count=len(shown),
        total=len(found),
        units=_unit_pairs(),
        unit_id=unit_id,
        query=words_asked,
        shows_left=request.args.get("left", ""),
        is_filtered=bool(args),
        first_url=url_for("admin.people", **args) if start else None,
        next_url=url_for("admin.people", **args, after=start + PAGE) if len(found) > start + PAGE else None,
        unit_count=len(directory().units),
    )


def _found(unit_id: int, asked: str, *, shows_left: bool) -> list[Person]:
    units = directory().units
    within = directory().subtree(unit_id) if unit_id in units else units.keys()
    everybody = (p for p in directory().people.values() if p.unit_id in within and (shows_left or not p.has_left))
    fitting = (p for p in everybody if asked.casefold() in f"{p.name} {units[p.unit_id].name}".casefold())
    return sorted(fitting, key=lambda p: (units[p.unit_id].code, p.id))


def _lines(people: list[Person]) -> list[PersonLine]:
    accounts = accounts_of(connection(), (p.id for p in people))
    lines: list[PersonLine] = []
    unit_id = None
    for person in people:
        if person.unit_id != unit_id:
            unit_id = person.unit_id
            lines.append(PersonLine(names().unit(unit_id), is_group=True))
        lines.append(
            PersonLine(
                person.name,
                id=person.id,
                roles=_listed([words.role(g.role) for g in person.grants_on(today())]),
                logins=_listed([a.login for a in accounts.get(person.id, []) if not a.is_disabled]),
                has_left=person.has_left,
            )
        )
    return lines


def _listed(texts: list[str]) -> str:
    return formats.listed(dict.fromkeys(texts))


def _unit_pairs() -> Pairs:
    """Units that are open, in the order of their codes; a village with its town, since names repeat."""
    units = sorted((u for u in directory().units.values() if not u.is_closed), key=lambda u: u.code)
    return [(str(unit.id), _full_name(unit)) for unit in units]


def _full_name(unit: Unit) -> str:
    name, same = unit.label(languages.current()), [u for u in directory().units.values() if u.name == unit.name]
    return f"{names().unit(unit.parent_id)} {name}" if len(same) > 1 and unit.parent_id else name


def _register_pairs() -> Pairs:
    pack = house().pack
    tickets = [(register.name, words.of(register.label)) for register in pack.registers]
    return [*tickets, *((register.name, words.of(register.label)) for register in pack.records)]


# -- a new person, a new unit -------------------------------------------------------------------------
@bp.route("/admin/people/new", methods=["GET", "POST"])
@needs("administer")
def add_person() -> ResponseReturnValue:
    """A person, with a first role and an account if the form names them."""
    form = person_form(_unit_pairs(), _register_pairs(), today())
    if request.method == "POST" and form.validate():
        login = signin.normal_login(form.login.value or "")
        if login and is_login_taken(connection(), login):
            form.refuse(Refusal("login_taken", field="login", login=login))
        elif person_id := _carry_out(
            form, AddPerson(name=form.name.value, unit_id=form.unit_id.value, key=form.key.data)
        ):
            return _first_role(form, person_id) or _open_account(person_id, form.name.value, login)
    page = render_template("admin/new_person.html", form=form)
    return page, 422 if request.method == "POST" else 200


def _first_role(form: AdminForm, person_id: int) -> Response | None:
    """Gives the role that the form names; where the rules refuse, the person's page says why."""
    if form.role.value is None:
        return None
    command = _grant(form, person_id, form.grant_unit_id.value or form.unit_id.value)
    if _carry_out(form, command) is not None:
        return None
    flash(gettext("The person is added, but the role was refused: ") + " ".join(_errors(form)), "warn")
    return redirect(url_for("admin.person", person_id=person_id))


def _grant(form: AdminForm, person_id: int, unit_id: int) -> GiveGrant:
    return GiveGrant(
        person_id=person_id,
        role=form.role.value,
        unit_id=unit_id,
        register=form.register.value,
        starts_on=form.starts_on.value or today(),
        key=f"{form.key.data}/grant",
    )


def _errors(form: AdminForm) -> list[str]:
    return [*form.form_errors, *(error for field in form for error in field.errors)]


def _carry_out(form: AdminForm, command: DirectoryCommand) -> int | None:
    """The id of what the command was about; None when typing can mend it, with the reason in the form."""
    try:
        return _do(command)
    except (Refusal, Refusals) as why:
        if why.kind is not Kind.INVALID:
            raise
        form.refuse(why)
        return None


def _do(command: DirectoryCommand, beside: Beside | None = None) -> int:
    return handle(house(), command, actor_id=current_person().id, now=now(), beside=beside).stream_id


@bp.route("/admin/units/new", methods=["GET", "POST"])
@needs("administer")
def add_unit() -> ResponseReturnValue:
    """A unit below another."""
    form = unit_form(_unit_pairs())
    if request.method == "POST" and form.validate():
        command = AddUnit(
            code=form.code.value,
            name=form.name.value,
            kind=form.kind.value,
            parent_id=form.parent_id.value,
            key=form.key.data,
        )
        if _carry_out(form, command) is not None:
            flash(gettext("The unit %(name)s is added.", name=form.name.value), "done")
            return redirect(url_for("admin.people"))
    page = render_template("admin/new_unit.html", form=form)
    return page, 422 if request.method == "POST" else 200


# -- one person ---------------------------------------------------------------------------------------
def of_person(view: Any) -> Any:
    """Gives the view the person; 404 for one that there is not."""

    @wraps(view)
    def guarded(person_id: int, **values: Any) -> ResponseReturnValue:
        person = directory().people.get(person_id)
        if person is None:
            abort(404)
        answer: ResponseReturnValue = view(person, **values)
        return answer

    return guarded


@bp.get("/admin/people/<int:person_id>")
@needs("administer")
@of_person
def person(person: Person) -> ResponseReturnValue:
    """One person: roles, accounts, and what can be done about them."""
    return _person_page(person, _grant_form(), account_form())


def _grant_form() -> AdminForm:
    return grant_form(_unit_pairs(), _register_pairs(), today())


def _person_page(person: Person, roles: AdminForm, account: AdminForm) -> str:
    return render_template(
        "admin/person.html",
        one=person,
        unit=names().unit(person.unit_id),
        grants=[grant_line(grant) for grant in person.grants],
        accounts=accounts_of(connection(), [person.id]).get(person.id, []),
        grant_form=roles,
        account_form=account,
        is_me=person.id == current_person().id,
    )


@bp.post("/admin/people/<int:person_id>/grants")
@needs("administer")
@of_person
def give_grant(person: Person) -> ResponseReturnValue:
    """A role more."""
    form = _grant_form()
    if form.validate() and _carry_out(form, _grant(form, person.id, form.grant_unit_id.value)) is not None:
        flash(gettext("%(name)s has a new role.", name=person.name), "done")
        return redirect(url_for("admin.person", person_id=person.id))
    return _person_page(person, form, account_form()), 422


@bp.post("/admin/people/<int:person_id>/grants/<int:grant_id>/end")
@needs("administer")
@of_person
def end_grant(person: Person, grant_id: int) -> ResponseReturnValue:
    """From today on the person may no longer do this. Ended already: nothing happens."""
    grant = next((g for g in person.grants if g.id == grant_id), None)
    if grant is None:
        abort(404)
    if grant.ends_on is None:
        _do(EndGrant(person_id=person.id, grant_id=grant_id, ends_on=max(today(), grant.starts_on)))
        flash(gettext("The role has ended."), "done")
    return redirect(url_for("admin.person", person_id=person.id))


@bp.post("/admin/people/<int:person_id>/leave")
@needs("administer")
@of_person
def leave(person: Person) -> ResponseReturnValue:
    """The person works here no longer: no role counts, no account opens. What they did stays theirs."""
    leaves = PersonLeaves(person_id=person.id, occurred_on=today(), key=f"leave/{person.id}")
    _do(leaves, beside=partial(_disable_all, person_id=person.id, address=_address(), now=now()))
    flash(gettext("%(name)s has left.", name=person.name), "done")
    return redirect(url_for("admin.people"))


def _disable_all(conn: Connection, *, person_id: int, address: str, now: datetime) -> None:
    for account in accounts_of(conn, [person_id]).get(person_id, []):
        if not account.is_disabled:
            signin.disable_account(conn, login=account.login, address=address, now=now)


# -- accounts: each change stands in the log and in its row, or in neither ----------------------------
@bp.post("/admin/people/<int:person_id>/accounts")
@needs("administer")
@of_person
def open_account(person: Person) -> ResponseReturnValue:
    """An account with a password for one use."""
    form = account_form()
    if form.validate():
        login = signin.normal_login(form.login.value)
        if not is_login_taken(connection(), login):
            return _open_account(person.id, person.name, login)
        form.refuse(Refusal("login_taken", field="login", login=login))
    return _person_page(person, _grant_form(), form), 422


def _open_account(person_id: int, name: str, login: str) -> ResponseReturnValue:
    if not login:
        flash(gettext("The person is added."), "done")
        return redirect(url_for("admin.person", person_id=person_id))
    password = passwords.one_time()
    account = partial(
        signin.open_account,
        login=login,
        new_hash=signin.password_hash(login, password),
        person_id=person_id,
        locale=None,
        must_change=True,
        now=now(),
    )
    _do(ChangeAccount(person_id=person_id, login=login, change=AccountChange.OPENED), beside=account)
    return _password_page(person_id, name, login, password)


def _password_page(person_id: int, name: str, login: str, password: str) -> str:
    """Answers the sending itself: a password that is shown once must not lie in a cookie on its way to the page."""
    return render_template("admin/password.html", person_id=person_id, name=name, login=login, password=password)


@bp.post("/admin/people/<int:person_id>/accounts/<int:account_id>/reset")
@needs("administer")
@of_person
def reset_account(person: Person, account_id: int) -> ResponseReturnValue:
    """A new password for one use; every device of the account is signed out."""
    account, password = _account(person, account_id), passwords.one_time()
    new_hash = signin.password_hash(account.login, password)
    _change(person, account, AccountChange.RESET, partial(signin.reset_password, new_hash=new_hash))
    return _password_page(person.id, person.name, account.login, password)


@bp.post("/admin/people/<int:person_id>/accounts/<int:account_id>/disable")
@needs("administer")
@of_person
def disable_account(person: Person, account_id: int) -> ResponseReturnValue:
    """Nobody signs in with it any more."""
    account = _account(person, account_id)
    _change(person, account, AccountChange.DISABLED, signin.disable_account)
    flash(gettext("The account %(login)s is switched off.", login=account.login), "done")
    return redirect(url_for("admin.person", person_id=person.id))


@bp.post("/admin/people/<int:person_id>/accounts/<int:account_id>/enable")
@needs("administer")
@of_person
def enable_account(person: Person, account_id: int) -> ResponseReturnValue:
    """Its owner signs in with it again, by the password that it had."""
    account = _account(person, account_id, is_off=True)
    _change(person, account, AccountChange.ENABLED, signin.enable_account)
    flash(gettext("The account %(login)s is switched on again.", login=account.login), "done")
    return redirect(url_for("admin.person", person_id=person.id))


def _account(person: Person, account_id: int, *, is_off: bool = False) -> AccountLine:
    """404 for somebody else's account, and for one that stands already as it should."""
    accounts = accounts_of(connection(), [person.id]).get(person.id, [])
    found = next((a for a in accounts if a.id == account_id and a.is_disabled == is_off), None)
    if found is None:
        abort(404)
    return found


def _change(person: Person, account: AccountLine, change: AccountChange, write: Callable[..., object]) -> None:
    command = ChangeAccount(person_id=person.id, login=account.login, change=change)
    _do(command, beside=partial(write, login=account.login, address=_address(), now=now()))


def _address() -> str:
    return request.remote_addr or ""
