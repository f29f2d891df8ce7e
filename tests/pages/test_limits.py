"""Nobody takes lists away, reveals values or sends files without end; another person at the same address may go on."""

from __future__ import annotations

from flask import Flask
from flask_limiter.util import get_qualified_name

from tracker.blueprints.rights import megabytes_sent
from tracker.extensions import limiter

LIMITED = {
    "registers.export",
    "registers.register_ticket",
    "figures.csv",
    "figures.xlsx",
    "tickets.reveal",
    "tickets.take_step",
    "tickets.amend",
    "imports.upload",
    "imports.sheet",
    "search.show",
}


def test_what_costs_much_has_a_limit(app: Flask) -> None:
    views = {name: app.view_functions[name] for name in LIMITED}
    names = {name: get_qualified_name(view) for name, view in views.items()}
    assert {name for name, full in names.items() if limiter.limit_manager.decorated_limits(full)} == LIMITED


def test_what_is_sent_is_counted_by_megabytes_a_day(app: Flask) -> None:
    for size, cost in ((0, 1), (2**20 - 1, 1), (30 * 2**20, 31)):
        with app.test_request_context(method="POST", environ_overrides={"CONTENT_LENGTH": str(size)}):
            assert megabytes_sent() == cost
    for name in ("tickets.take_step", "tickets.amend", "registers.register_ticket"):
        limits = limiter.limit_manager.decorated_limits(get_qualified_name(app.view_functions[name]))
        assert any(limit.cost is megabytes_sent for limit in limits), name


def test_each_person_is_counted_alone(browse) -> None:
    url = "/registers/none/tickets.csv"
    visitor = browse("supervisor")
    assert [visitor.open(url).status_code for _ in range(21)] == [404] * 20 + [429]
    assert browse("approver").open(url).status_code == 404
