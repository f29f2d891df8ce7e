"""Is this installation able to serve? For monitors and load balancers; says nothing that is secret."""

from __future__ import annotations

from flask import Blueprint, current_app, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError

from tracker.blueprints.rights import connection, house, public
from tracker.log import store
from tracker.models import revisions

bp = Blueprint("health", __name__)

FINE, FAILED, UNKNOWN = "ok", "failed", "unknown"


@bp.get("/healthz")
@public
def check() -> ResponseReturnValue:
    """200 when the database answers, its tables are of this version and the cube is loaded; else 503."""
    found = {"database": FAILED, "migration": UNKNOWN, "cube": UNKNOWN}
    try:
        head = store.read_head(connection())
        found["database"] = FINE
        found["migration"] = FINE if revisions.is_current(connection()) else FAILED
        found["cube"] = FINE if _counts(head) else FAILED
    except SQLAlchemyError:
        # The reason stands in the log; whoever asks here may be anybody.
        current_app.logger.exception("health check")
    is_well = set(found.values()) == {FINE}
    return jsonify({"status": FINE if is_well else FAILED, **found}), 200 if is_well else 503


def _counts(head: store.Head) -> bool:
    """Loads the cube where that has not happened yet, so that the first reader need not wait for it."""
    try:
        house().cube.counts(connection(), [], [], position=head.size, places=None)
    except (OSError, ValueError):
        current_app.logger.exception("health check: cube")
        return False
    return True
