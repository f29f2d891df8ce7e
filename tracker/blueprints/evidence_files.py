"""A file of the evidence of a ticket or a record, as it came or drawn anew. Who may see it is asked before."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Response, abort, request, send_file

from tracker.domain.evidence import Evidence
from tracker.forms.evidence import file_store
from tracker.log.files import COPY_SIDES


def sent(evidence: Iterable[Evidence], digest: str) -> Response:
    """`size=small|large` in the address: a picture drawn anew, to look at. Without: the original, as a download."""
    file = next((e for e in evidence if e.digest == digest), None)
    if file is None:
        abort(404)
    return _original(file) if "size" not in request.args else _picture(file, request.args["size"])


def _original(file: Evidence) -> Response:
    path = file_store().path(file.digest)
    if path is None:
        abort(404)
    return _locked_in(send_file(path, mimetype=file.media_type, as_attachment=True, download_name=file.name))


def _picture(file: Evidence, size: str) -> Response:
    path = file_store().copy(file.digest, size) if size in COPY_SIDES else None
    if path is None:
        abort(404)
    return _locked_in(send_file(path, mimetype="image/jpeg", download_name=f"{file.name.rpartition('.')[0]}.jpg"))


def _locked_in(response: Response) -> Response:
    """Whatever the file holds, it runs nothing, and it does not stay on a shared computer."""
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cache-Control"] = "no-store"
    return response
