"""Who may open what: each route × each role, written out by hand so that the table of rights cannot approve itself.

Every address names a thing that is there and belongs to somebody else, so that only the right can close the door.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, replace
from datetime import date
from io import BytesIO
from urllib.parse import quote

import pytest
from duty_town import TOWN
from flask import Flask
from inspected import INSPECTED
from pages.conftest import PASSWORD, Browse, Visitor
from pages.test_figures import FIGURES, REPORT
from records import RECORDS, meeting
from sqlalchemy import Engine
from ticket_stories import address, assigned, picture, take
from township import PHOTO, Township, at, plain_ticket
from werkzeug.datastructures import FileStorage

from tracker import clock, signin, uploads
from tracker.domain.commands import EnterRecord, OpenPeriod
from tracker.domain.lifecycle import STEPS
from tracker.forms.evidence import file_store
from tracker.handler import handle
from tracker.models.rows import writer
from tracker.packs.loader import LoadedPack, built_in
from tracker.queries.tickets import ticket_now
from tracker.queries.uploads import Upload, content_of, upload_of

SIGNED_IN = frozenset(
    {"supervisor", "staff", "neighbour", "verifier", "approver", "official", "auditor", "administrator"}
)
READERS = SIGNED_IN - {"administrator"}
NEAR = READERS - {"neighbour"}
"""Within reach of a ticket in 晨光村; `neighbour` is staff of another village."""
OFFICE = frozenset({"supervisor", "official"})
DESK = frozenset({"supervisor", "official", "approver", "verifier"})
STAFF = frozenset({"staff", "neighbour"})
CAPTURE = STAFF | {"supervisor", "verifier"}
ADMIN = frozenset({"administrator"})
IMPORTER = frozenset({"supervisor"})
NOBODY: frozenset[str] = frozenset()
"""Not there, or its owner's alone: it does not exist for any of these posts."""

# (method, address) → posts that get past the door, in the order in which they are tried; see `things`.
ROUTES: Mapping[str, tuple[tuple[str, str, frozenset[str]], ...]] = {
    "admin.people": (("GET", "/admin/people", ADMIN),),
    "admin.add_person": (("GET", "/admin/people/new", ADMIN), ("POST", "/admin/people/new", ADMIN)),
    "admin.add_unit": (("GET", "/admin/units/new", ADMIN), ("POST", "/admin/units/new", ADMIN)),
    "admin.person": (("GET", "/admin/people/{person}", ADMIN),),
    "admin.give_grant": (("POST", "/admin/people/{person}/grants", ADMIN),),
    "admin.open_account": (("POST", "/admin/people/{person}/accounts", ADMIN),),
    "admin.end_grant": (("POST", "/admin/people/{person}/grants/{grant}/end", ADMIN),),
    "admin.reset_account": (("POST", "/admin/people/{person}/accounts/{account}/reset", ADMIN),),
    "admin.disable_account": (("POST", "/admin/people/{person}/accounts/{account}/disable", ADMIN),),
    "admin.enable_account": (("POST", "/admin/people/{person}/accounts/{account_off}/enable", ADMIN),),
    "admin.leave": (("POST", "/admin/people/{person}/leave", ADMIN),),
    "definitions.index": (("GET", "/admin/registers", ADMIN),),
    "definitions.new": (
        ("GET", "/admin/registers/new?kind=ticket", ADMIN),
        ("POST", "/admin/registers/new?kind=ticket", ADMIN),
    ),
    "definitions.edit": (("GET", "/admin/registers/toilet", ADMIN), ("POST", "/admin/registers/toilet", ADMIN)),
    "definitions.upload": (("GET", "/admin/registers/upload", ADMIN), ("POST", "/admin/registers/upload", ADMIN)),
    "definitions.files": (
        ("GET", "/admin/registers/toilet/files", ADMIN),
        ("POST", "/admin/registers/toilet/files", ADMIN),
    ),
    "definitions.download": (("GET", "/admin/registers/toilet/files/registers/toilet.yaml", ADMIN),),
    "definitions.history": (("GET", "/admin/registers/toilet/history", ADMIN),),
    "definitions.withdraw": (
        ("GET", "/admin/registers/toilet/withdraw", ADMIN),
        ("POST", "/admin/registers/toilet/withdraw", ADMIN),
    ),
    "desk.home": (("GET", "/", SIGNED_IN),),
    "desk.show": (("GET", "/desk", DESK),),
    "desk.urge": (("POST", "/desk/urge", OFFICE),),
    "desk.today": (("GET", "/today", STAFF),),
    "desk.accept": (("POST", "/today/accept", STAFF),),
    "figures.report": (("GET", "/figures", READERS),),
    "figures.show": (("GET", "/figures/{figure}", READERS),),
    "figures.csv": (("GET", "/figures/{figure}.csv", READERS),),
    "figures.xlsx": (("GET", "/figures/{figure}.xlsx", READERS),),
    "log.show": (("GET", "/log", frozenset({"auditor", "supervisor", "administrator"})),),
    "sign_ins.show": (("GET", "/sign-ins", frozenset({"auditor", "administrator"})),),
    "imports.upload": (
        ("GET", "/registers/toilet/import", IMPORTER),
        ("POST", "/registers/toilet/import", IMPORTER),
        ("GET", "/registers/meeting/import", IMPORTER),
        ("POST", "/registers/meeting/import", IMPORTER),
    ),
    "imports.template": (
        ("GET", "/registers/toilet/import/template.xlsx", IMPORTER),
        ("GET", "/registers/meeting/import/template.xlsx", IMPORTER),
    ),
    "imports.preview": (("GET", "/imports/{mine}", IMPORTER), ("GET", "/imports/{theirs}", NOBODY)),
    "imports.confirm": (("POST", "/imports/{mine}", IMPORTER), ("POST", "/imports/{theirs}", NOBODY)),
    "imports.sheet": (("POST", "/imports/{mine}/sheet", IMPORTER), ("POST", "/imports/{theirs}/sheet", NOBODY)),
    "imports.mistakes": (
        ("GET", "/imports/{mine}/mistakes.csv", IMPORTER),
        ("GET", "/imports/{theirs}/mistakes.csv", NOBODY),
    ),
    "imports.forget": (("POST", "/imports/{mine}/forget", IMPORTER), ("POST", "/imports/{theirs}/forget", NOBODY)),
    "profile.show": (("GET", "/profile", SIGNED_IN),),
    "profile.password": (("GET", "/profile/password", SIGNED_IN), ("POST", "/profile/password", SIGNED_IN)),
    "profile.look": (("POST", "/profile/look", SIGNED_IN),),
    "profile.end_device": (("POST", "/profile/devices/999999/end", SIGNED_IN),),
    "record_lists.records": (("GET", "/registers/meeting/records", READERS),),
    "record_lists.export": (("GET", "/registers/meeting/records.csv", READERS),),
    "record_lists.enter": (
        ("GET", "/registers/meeting/records/new", STAFF | {"supervisor", "verifier"}),
        ("POST", "/registers/meeting/records/new", STAFF | {"supervisor", "verifier"}),
    ),
    "records.show": (("GET", "{record}", NEAR),),
    "records.linked": (("GET", "{record}/linked/toilet", NEAR), ("GET", "{record}/linked/house", NOBODY)),
    "records.evidence": (
        ("GET", "{record}/evidence/{evidence}", NEAR),
        ("GET", "{record}/evidence/" + "0" * 64, NOBODY),
    ),
    "records.reveal": (("POST", "{record}/reveal", NEAR),),
    "records.amend": (
        ("GET", "{record}/amend", frozenset({"supervisor"})),
        ("POST", "{record}/amend", frozenset({"supervisor"})),
    ),
    "records.void": (
        ("GET", "{record}/void", frozenset({"supervisor"})),
        ("POST", "{record}/void", frozenset({"supervisor"})),
    ),
    "records.change_state": (
        ("GET", "{subject}/state", frozenset({"staff", "supervisor", "verifier"})),
        ("POST", "{subject}/state", frozenset({"staff", "supervisor", "verifier"})),
        ("GET", "{record}/state", NOBODY),
    ),
    "records.report": (
        ("GET", "{statistic}/report", frozenset({"staff", "supervisor", "verifier"})),
        ("POST", "{statistic}/report", frozenset({"staff", "supervisor", "verifier"})),
        ("GET", "{record}/report", NOBODY),
    ),
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
    "inspections.start": (("GET", "/registers/check/inspections", CAPTURE),),
    "inspections.begin": (
        ("GET", "/registers/check/inspections/new?subject={file}", CAPTURE - {"neighbour"}),
        ("POST", "/registers/check/inspections/new?subject={file}", CAPTURE - {"neighbour"}),
    ),
    "inspections.walk": (
        ("GET", "{check}/inspection", CAPTURE - {"neighbour"}),
        ("POST", "{check}/inspection", CAPTURE - {"neighbour"}),
        ("GET", "{record}/inspection", NOBODY),
    ),
    "findings.confirm": (
        ("GET", "{check}/findings", CAPTURE - {"neighbour"}),
        ("POST", "{check}/findings", CAPTURE - {"neighbour"}),
    ),
    "duties.show": (("GET", "/duties", READERS),),
    "duties.period": (("GET", "/duties/{period}", NEAR), ("GET", "/duties/999999", NOBODY)),
    "duties.say": (("POST", "/duties/{period}/say", NEAR), ("POST", "/duties/999999/say", NOBODY)),
    "scheduled.show": (("GET", "/admin/jobs", ADMIN),),
    "search.show": (("GET", "/search?q=x", READERS),),
    "search.show_records": (("GET", "/search/records?q=x", READERS),),
    "tickets.show": (("GET", "{ticket}", NEAR),),
    "tickets.amend": (
        ("GET", "{ticket}/amend", frozenset({"supervisor"})),
        ("POST", "{ticket}/amend", frozenset({"supervisor"})),
    ),
    "tickets.reveal": (("POST", "{ticket}/reveal", NEAR),),
    "tickets.evidence": (
        ("GET", "{ticket}/evidence/{evidence}", NEAR),
        ("GET", "{ticket}/evidence/" + "0" * 64, NOBODY),
    ),
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

MARCH = date(2023, 3, 1)

PACK = replace(
    RECORDS,
    records=(*RECORDS.records, *TOWN.records, *INSPECTED.records),
    duties=TOWN.duties,
    checklists=INSPECTED.checklists,
)

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
both = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


_RIGHT_OF = {"admin": "administer", "imports": "import"}
GUARDED_TWICE = {"tickets.evidence": "view"} | {
    name: _RIGHT_OF[name.split(".")[0]] for name in ROUTES if name.split(".")[0] in _RIGHT_OF
}
"""Routes behind which the handler or the object asks again, so that the matrix would not miss what the route asks."""


@pytest.fixture
def town(app: Flask, engine: Engine) -> Iterator[Township]:
    """The small township, whose pack also has figures, duties and registers of every kind."""
    founded = Township.joined(engine, replace(PACK, figures=FIGURES, reports=(REPORT,)))
    app.extensions["house"] = founded.house
    yield founded
    founded.close()


@pytest.fixture
def things(app: Flask, town: Township, browse: Browse) -> Callable[[str], dict[str, str]]:
    """What an address may name, for a post that knocks: a ticket of 晨光村 with a photograph, the `colleague` there
    with role and accounts, an upload of the post's `own` and one of the colleague's."""
    colleague = town.person["colleague"]
    parts = {part.name: getattr(town.house.pack, part.name) for part in fields(town.house.pack)}
    town.house.pack = LoadedPack(**parts, folder=built_in("township"))  # files to look at
    with app.app_context():
        stored = file_store().put(picture(), "整改前.jpg")
    ticket_id = assigned(town)
    take(town, ticket_id, "add_evidence", "supervisor", "2023-03-03", evidence=({**PHOTO, "digest": stored.digest},))
    upload = uploaded(town, browse("supervisor"))
    there = recorded(town, stored.digest) | {
        "ticket": address(town, ticket_id),
        "evidence": stored.digest,
        "figure": FIGURES[0].id,
        "person": str(colleague),
        "grant": str(town.directory.people[colleague].grants[0].id),
        "account": str(account(town, "colleague", colleague)),
        "account_off": str(account(town, "colleague-off", colleague)),
        "period": str(town.by_system(OpenPeriod(duty="twice", unit_id=town.unit["chenguang"], start=MARCH), at(MARCH))),
        "sheet": upload.told["sheets"][0][0],
        "theirs": str(upload_for(town, upload, colleague)),
    }
    with writer(town.engine) as conn, conn.begin():
        signin.disable_account(conn, login="colleague-off", address="127.0.0.1", now=clock.now())
    return lambda post: there | {"mine": str(upload_for(town, upload, town.person[post]))}


def recorded(town: Township, digest: str) -> dict[str, str]:
    """A meeting with a photograph, a subject and a statistic of 晨光村, which the colleague recorded."""
    place = {"place": town.unit["chenguang"]}
    entered = {
        "record": EnterRecord(
            register="meeting",
            values=meeting(town.unit["chenguang"], "2023-03-01"),
            evidence=({**PHOTO, "digest": digest, "kind": "photo"},),
        ),
        "subject": EnterRecord(register="member", values={**place, "opened_on": "2023-03-01", "name": "刘小云"}),
        "statistic": EnterRecord(
            register="harvest",
            values={**place, "year": 2023, "value": "1", "stage": "estimate", "reported_on": "2023-03-01"},
        ),
    }
    colleague = town.person["colleague"]
    numbers = {
        name: handle(town.house, command, actor_id=colleague, now=at("2023-03-02")).number
        for name, command in entered.items()
    }
    return inspected(town) | {name: f"/records/{quote(number or '')}" for name, number in numbers.items()}


def inspected(town: Township) -> dict[str, str]:
    """The file of a toilet of 晨光村, and an inspection of it that the colleague began and left."""
    place = {"place": town.unit["chenguang"]}
    colleague = town.person["colleague"]
    opened = EnterRecord(register="file", values={**place, "opened_on": "2023-03-01", "household": "刘小云"})
    file = handle(town.house, opened, actor_id=colleague, now=at("2023-03-02"))
    begun = EnterRecord(
        register="check", values={**place, "held_on": "2023-03-02", "file": file.stream_id}, is_complete=False
    )
    check = handle(town.house, begun, actor_id=colleague, now=at("2023-03-02"))
    return {"file": quote(file.number or ""), "check": f"/records/{quote(check.number or '')}"}


def account(town: Township, login: str, person_id: int) -> int:
    return signin.add_account(
        town.engine,
        login=login,
        password=PASSWORD,
        person_id=person_id,
        locale=None,
        must_change=False,
        now=clock.now(),
    )


def uploaded(town: Township, supervisor: Visitor) -> Upload:
    """A file that waits for its import, as the page took it."""
    file = FileStorage(BytesIO("问题描述,category,备注\n化粪池破损渗漏,quality,门牌十二号\n".encode()), "台账.csv")
    given = supervisor.form("/registers/toilet/import") | {"file": file}
    answer = supervisor.client.post("/registers/toilet/import", data=given)
    assert answer.status_code == 302, answer.text
    number = int(answer.headers["Location"].rpartition("/")[2])
    with town.engine.connect() as conn:
        found = upload_of(conn, number, person_id=town.person["supervisor"], now=clock.now())
    assert found is not None
    return found


def upload_for(town: Township, upload: Upload, person_id: int) -> int:
    """The same file, as if this person had sent it: also one who may not, or may no longer."""
    with town.engine.connect() as conn:
        content = content_of(conn, upload.id)
    file = uploads.ReadFile(
        upload.register, upload.file_name, upload.sheet, upload.digest, content, upload.told, rows=()
    )
    return uploads.keep(town.engine, file, person_id=person_id, now=clock.now())


@only_sqlite
def test_every_route_stands_in_the_matrix(app: Flask):
    routes = {rule.endpoint for rule in app.url_map.iter_rules()}
    assert routes == ROUTES.keys() | PUBLIC


@only_sqlite
def test_each_role_gets_through_its_doors_and_no_other(things: Callable[[str], dict[str, str]], browse: Browse):
    """The administrator last: behind those doors the colleague's role and accounts end."""
    wrong = []
    for post in sorted(SIGNED_IN, key=lambda post: (post in ADMIN, post)):
        visitor, there = browse(post), things(post)
        sent = {"csrf_token": visitor.form("/profile")["csrf_token"], "sheet": there["sheet"]}
        for endpoint, doors in ROUTES.items():
            for method, url, allowed in doors:
                door = url.format(**there)
                answer = visitor.client.open(door, method=method, data=sent if method == "POST" else None)
                is_open = answer.status_code not in (403, 404)
                if is_open != (post in allowed):
                    wrong.append((post, endpoint, method, door, answer.status_code))
                answer.close()
    assert wrong == []


@only_sqlite
def test_a_route_asks_its_right_also_where_its_object_asks_again(app: Flask):
    assert {name: vars(app.view_functions[name])["_right"] for name in GUARDED_TWICE} == GUARDED_TWICE


@only_sqlite
def test_whoever_has_not_signed_in_is_led_to_the_sign_in(app: Flask):
    pages = {"ticket": "/tickets/1", "record": "/records/1", "subject": "/records/1", "statistic": "/records/1"}
    pages["check"] = "/records/1"
    anything, client = defaultdict(lambda: "1", pages), app.test_client()
    assert any(method == "GET" for doors in ROUTES.values() for method, _, _ in doors)
    for doors in ROUTES.values():
        for method, url, _ in doors:
            if method == "GET":
                answer = client.get(url.format_map(anything))
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
