"""Who may open what: each route × each role, written out by hand so that the table of rights cannot approve itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest
from flask import Flask
from pages.conftest import Browse
from ticket_stories import address, assigned, take
from township import PHOTO, Township, at, plain_ticket

from tracker.domain.lifecycle import STEPS
from tracker.queries.tickets import ticket_now

SIGNED_IN = frozenset(
    {"supervisor", "staff", "neighbour", "verifier", "approver", "official", "auditor", "administrator"}
)
READERS = SIGNED_IN - {"administrator"}
NEAR = READERS - {"neighbour"}
"""Within reach of a ticket in 晨光村; `neighbour` is staff of another village."""
OFFICE = frozenset({"supervisor", "official"})
DESK = frozenset({"supervisor", "official", "approver", "verifier"})
STAFF = frozenset({"staff", "neighbour"})
ADMIN = frozenset({"administrator"})
NOBODY: frozenset[str] = frozenset()
"""The object is not there, or somebody else's: it does not exist for anyone."""

# (method, address) → posts that get past the door. {ticket}: one in 晨光村, owned by it.
ROUTES: Mapping[str, tuple[tuple[str, str, frozenset[str]], ...]] = {
    "admin.people": (("GET", "/admin/people", ADMIN),),
    "admin.add_person": (("GET", "/admin/people/new", ADMIN), ("POST", "/admin/people/new", ADMIN)),
    "admin.add_unit": (("GET", "/admin/units/new", ADMIN), ("POST", "/admin/units/new", ADMIN)),
    "admin.person": (("GET", "/admin/people/{person}", ADMIN),),
    "admin.give_grant": (("POST", "/admin/people/{person}/grants", ADMIN),),
    "admin.open_account": (("POST", "/admin/people/{person}/accounts", ADMIN),),
    "admin.end_grant": (("POST", "/admin/people/{person}/grants/999999/end", NOBODY),),
    "admin.disable_account": (("POST", "/admin/people/{person}/accounts/999999/disable", NOBODY),),
    "admin.reset_account": (("POST", "/admin/people/{person}/accounts/999999/reset", NOBODY),),
    "admin.leave": (("POST", "/admin/people/999999/leave", NOBODY),),
    "desk.home": (("GET", "/", SIGNED_IN),),
    "desk.show": (("GET", "/desk", DESK),),
    "desk.today": (("GET", "/today", STAFF),),
    "desk.accept": (("POST", "/today/accept", STAFF),),
    "figures.report": (("GET", "/figures", READERS),),
    "figures.show": (("GET", "/figures/{figure}", READERS),),
    "figures.csv": (("GET", "/figures/{figure}.csv", READERS),),
    "figures.xlsx": (("GET", "/figures/{figure}.xlsx", READERS),),
    "figures.log": (("GET", "/log", frozenset({"auditor", "supervisor", "administrator"})),),
    "imports.upload": (
        ("GET", "/registers/toilet/import", frozenset({"supervisor"})),
        ("POST", "/registers/toilet/import", frozenset({"supervisor"})),
    ),
    "imports.preview": (("GET", "/imports/999999", NOBODY),),
    "imports.confirm": (("POST", "/imports/999999", NOBODY),),
    "imports.forget": (("POST", "/imports/999999/forget", NOBODY),),
    "imports.sheet": (("POST", "/imports/999999/sheet", NOBODY),),
    "imports.mistakes": (("GET", "/imports/999999/mistakes.csv", NOBODY),),
    "profile.show": (("GET", "/profile", SIGNED_IN),),
    "profile.password": (("GET", "/profile/password", SIGNED_IN), ("POST", "/profile/password", SIGNED_IN)),
    "profile.look": (("POST", "/profile/look", SIGNED_IN),),
    "profile.end_device": (("POST", "/profile/devices/999999/end", SIGNED_IN),),
    "registers.index": (("GET", "/registers", READERS),),
    "registers.tickets": (("GET", "/registers/toilet/tickets", READERS),),
    "registers.export": (("GET", "/registers/toilet/tickets.csv", READERS),),
    "registers.register_ticket": (
        ("GET", "/registers/toilet/tickets/new", STAFF | {"supervisor", "verifier"}),
        ("POST", "/registers/toilet/tickets/new", STAFF | {"supervisor", "verifier"}),
    ),
    "registers.assign": (
        ("GET", "/registers/toilet/assign", OFFICE),
        ("POST", "/registers/toilet/assign", OFFICE),
    ),
    "search.show": (("GET", "/search?q=x", READERS),),
    "tickets.show": (("GET", "{ticket}", NEAR),),
    "tickets.amend": (
        ("GET", "{ticket}/amend", frozenset({"supervisor"})),
        ("POST", "{ticket}/amend", frozenset({"supervisor"})),
    ),
    "tickets.reveal": (("POST", "{ticket}/reveal", NEAR),),
    "tickets.evidence": (("GET", "{ticket}/evidence/" + "0" * 64, NOBODY),),
    "tickets.take_step": (
        ("GET", "{ticket}/comment", NEAR - {"auditor"}),
        ("POST", "{ticket}/comment", NEAR - {"auditor"}),
        ("GET", "{ticket}/submit", frozenset({"staff"})),
        ("POST", "{ticket}/submit", frozenset({"staff"})),
        ("GET", "{ticket}/assign", OFFICE),
        ("POST", "{ticket}/assign", OFFICE),
        ("GET", "{ticket}/no_such_step", NOBODY),
    ),
}
PUBLIC = frozenset({"health.check", "profile.language", "profile.sign_in", "profile.sign_out", "static"})

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
both = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


def filled(town: Township, url: str, ticket_id: int) -> str:
    figure = town.house.pack.figures[0].id if town.house.pack.figures else "none"
    return url.format(ticket=address(town, ticket_id).rstrip("/"), person=town.person["colleague"], figure=figure)


@only_sqlite
def test_every_route_stands_in_the_matrix(app: Flask):
    routes = {rule.endpoint for rule in app.url_map.iter_rules()}
    assert routes == ROUTES.keys() | PUBLIC


@only_sqlite
@pytest.mark.parametrize("post", sorted(SIGNED_IN))
def test_each_role_gets_through_its_doors_and_no_other(town: Township, browse: Browse, post: str):
    ticket_id = assigned(town)
    visitor = browse(post)
    token = visitor.form("/profile")["csrf_token"]
    wrong = []
    for endpoint, doors in ROUTES.items():
        if endpoint.startswith("figures.") and "{figure}" in doors[0][1] and not town.house.pack.figures:
            continue
        for method, url, allowed in doors:
            door = filled(town, url, ticket_id)
            answer = visitor.client.open(door, method=method, data={"csrf_token": token} if method == "POST" else None)
            is_open = answer.status_code not in (403, 404)
            if is_open != (post in allowed):
                wrong.append((endpoint, method, door, answer.status_code))
            answer.close()
    assert wrong == []


@only_sqlite
def test_whoever_has_not_signed_in_is_led_to_the_sign_in(app: Flask, town: Township):
    ticket_id = assigned(town)
    client = app.test_client()
    for doors in ROUTES.values():
        for method, url, _ in doors:
            if method == "GET":
                answer = client.get(filled(town, url, ticket_id))
                assert answer.status_code == 302, url
                assert answer.location.startswith("/sign-in"), url


@both
def test_nobody_verifies_own_work_by_any_route(town: Township, browse: Browse):
    """One person holds every role: what they submitted stays submitted, whichever step they try."""
    ticket_id = assigned(town)
    take(
        town, ticket_id, "submit", "everything", "2023-03-10", note="已整改到位", evidence=evidence_of(town, ticket_id)
    )
    visitor = browse("everything")
    token = visitor.form("/profile")["csrf_token"]
    for step in STEPS:
        if step.right not in ("verify", "approve", "recheck"):
            continue
        version = town.state(ticket_id).version
        data = {
            "csrf_token": token,
            "key": f"own-{step.name}",
            "version": str(version),
            "occurred_on": date(2023, 3, 12).isoformat(),
            "finding": "现场核查已整改到位",
            "outcome": "fixed",
            "reason": "自己核查自己",
            "recheck_result": "passed",
        }
        answer = visitor.client.post(address(town, ticket_id, step.name), data=data)
        assert answer.status_code in (403, 404, 409, 422), (step.name, answer.status_code)
    with town.engine.connect() as conn:
        now = ticket_now(conn, ticket_id)
    assert now is not None
    assert now.status.value == "submitted"


def evidence_of(town: Township, ticket_id: int) -> tuple[Mapping[str, object], ...]:
    needed = town.register_of(ticket_id).evidence.photos_after
    return tuple({**PHOTO, "digest": f"{n:064x}"} for n in range(max(needed, 1)))


@both
def test_a_restricted_ticket_exists_for_named_people_only(town: Township, browse: Browse):
    command = plain_ticket(town, "toilet", is_restricted=True)
    (event, *_) = town.do(command, "supervisor", at("2023-03-02"))
    where = address(town, event.stream_id)
    for post in sorted(SIGNED_IN):
        assert browse(post).open(where).status_code == (200 if post == "supervisor" else 404), post
