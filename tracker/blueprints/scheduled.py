"""Work by the clock: who does it, until when all is done, and the runs. For administrators."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from tracker.blueprints.rights import connection, needs
from tracker.domain.duties import JOB
from tracker.queries.duties import job_runs, lease

bp = Blueprint("scheduled", __name__)


@bp.get("/admin/jobs")
@needs("administer")
def show() -> ResponseReturnValue:
    conn = connection()
    return render_template("admin/jobs.html", lease=lease(conn, JOB), runs=job_runs(conn, JOB))
