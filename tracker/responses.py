"""What every response carries: security headers with a nonce per request, cache rules, and the error pages.

Our own few lines instead of Flask-Talisman (no release since 2023): docs/decisions/0001-own-security-headers.md.
"""

import hashlib
import secrets
from functools import cache, lru_cache
from pathlib import Path

from flask import Flask, Response, current_app, g, make_response, render_template, request, url_for
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import Conflict, Forbidden, HTTPException, NotFound, ServiceUnavailable, UnprocessableEntity

from tracker.config import Settings
from tracker.domain.refusals import Kind, Refusal, Refusals
from tracker.forms.typed import typed

POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; "
    "img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(self), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
REFUSED: dict[Kind, type[HTTPException]] = {
    Kind.FORBIDDEN: Forbidden,
    Kind.CONFLICT: Conflict,
    Kind.INVALID: UnprocessableEntity,
}
A_YEAR = 31_536_000


def csp_nonce() -> str:
    """This request's nonce, for `<script nonce>` and `<style nonce>` in templates."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    nonce: str = g.csp_nonce
    return nonce


def asset(filename: str) -> str:
    """The address of a file of `static`. A page names twenty, and Flask's builder would be asked for each."""
    path = Path(str(current_app.static_folder)) / filename
    return _asset(request.script_root, filename, path.stat().st_mtime_ns)


@lru_cache(256)
def _asset(_root: str, filename: str, _changed: int) -> str:
    return url_for("static", filename=filename)


def shapes() -> str:
    """The address of the icons: a list shows a hundred of them."""
    if "shapes" not in g:
        g.shapes = asset("icons.svg")
    address: str = g.shapes
    return address


def init_app(app: Flask, settings: Settings) -> None:
    """Join headers, versioned static addresses and error pages to the application."""
    app.add_template_global(csp_nonce, "csp_nonce")
    app.add_template_global(asset, "asset")
    app.add_template_global(shapes, "shapes")
    app.url_defaults(_version_static)
    app.after_request(_protect)
    if settings.is_served_by_tls:
        app.after_request(_insist_on_tls)
    app.register_error_handler(HTTPException, _error_page)
    app.register_error_handler(Refusal, _refused)
    app.register_error_handler(Refusals, _refused)
    app.register_error_handler(OperationalError, _database_away)


def _protect(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Content-Security-Policy", POLICY.format(nonce=csp_nonce()))
    if request.endpoint == "static" and "v" in request.args:
        response.headers["Cache-Control"] = f"public, max-age={A_YEAR}, immutable"
    elif request.endpoint != "static":
        # Names and petitions must not stay behind on a shared computer.
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def _insist_on_tls(response: Response) -> Response:
    response.headers.setdefault("Strict-Transport-Security", f"max-age={A_YEAR}")
    return response


def _version_static(endpoint: str, values: dict[str, object]) -> None:
    if endpoint == "static" and "filename" in values and current_app.static_folder:
        path = Path(current_app.static_folder) / str(values["filename"])
        if path.is_file():
            values["v"] = _digest(path, path.stat().st_mtime_ns)


@cache
def _digest(path: Path, _changed: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10]


def _error_page(error: HTTPException) -> Response | HTTPException:
    if error.code is None or error.code < 400 or error.response is not None:
        return error
    if isinstance(error, Forbidden):
        # Forbidden and unknown look alike, or numbers could be tried out.
        return _page(NotFound())
    return _page(error, incident=_incident() if error.code == 500 else None)


def _refused(error: Refusal | Refusals) -> Response | HTTPException:
    refusals = error.refusals if isinstance(error, Refusals) else (error,)
    if any(refusal.code == "not_permitted" for refusal in refusals):
        return _page(NotFound())
    return _page(REFUSED[error.kind](), refusals=refusals)


def _database_away(error: OperationalError) -> Response | HTTPException:
    """Gone, locked for too long or too slow: not the reader's fault, and worth another try."""
    current_app.logger.exception("database", exc_info=error)
    return _page(ServiceUnavailable(retry_after=30), incident=_incident())


def _page(error: HTTPException, **values: object) -> Response | HTTPException:
    try:
        body = render_template(f"errors/{error.code}.html", kept=_kept(error), **values)
    except Exception:
        # The outermost edge: a page about trouble must not need what is in trouble.
        current_app.logger.exception("error page %s", error.code)
        return error
    response = make_response(body, error.code)
    response.headers.extend(header for header in error.get_headers() if header[0] in {"Retry-After", "Allow"})
    return response


def _kept(error: HTTPException) -> list[tuple[str, str]]:
    """What the reader had typed, so that a refusal loses no text. Nothing where reading was refused."""
    if request.method != "POST" or error.code == 413:
        return []
    pack = current_app.extensions["house"].pack
    name = (request.view_args or {}).get("register")
    named = pack.register_by_name.get(name) or pack.record_by_name.get(name)
    return typed(request.form.items(multi=True), [named] if named else (*pack.registers, *pack.records))


def _incident() -> str:
    number = secrets.token_hex(4)
    # The traceback is in the log already; this line ties it to what the reader can tell us.
    current_app.logger.error("incident %s: %s %r", number, request.method, request.path)
    return number
