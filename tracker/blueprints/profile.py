"""A person's own account: signing in and out, password, language, look, signed-in devices."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, current_app, flash, make_response, redirect, render_template, request, session
from flask import url_for as address_of
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext, ngettext
from flask_login import current_user, login_user, logout_user
from werkzeug.wrappers import Response as AnyResponse

from tracker import formats, languages, signin, words
from tracker.blueprints.names import grant_line, names
from tracker.blueprints.rights import SIGNED_IN, connection, current_person, directory, house, needs, now, public, today
from tracker.config import Settings
from tracker.domain.refusals import Refusal
from tracker.extensions import db, limiter
from tracker.forms.profile import THEMES, SignInForm, language_form, look_form, password_form, sign_in_form
from tracker.queries import demonstration
from tracker.queries.accounts import password_changed_at
from tracker.signin import Attempt, Browser, Limits, SignInResult

bp = Blueprint("profile", __name__)

A_YEAR = 365 * 24 * 3600
ATTEMPTS = "60 per minute"
"""From one address, whatever the name: each costs 64 MB and 50 ms. Guesses at one name are slowed by `signin`."""
OUR_PATH = re.compile(r"/(?!/)[^\\\x00-\x20\x7f]*")
"""One slash, so no other site; and nothing that a browser would read as a second one or leave out."""
LOOK = "xiaohao-look"
KEPT = ("locale", "theme", "keys")
"""What a session keeps when somebody signs in or out; all else in it belonged to the person before."""
WHILE_PASSWORD_IS_FIRST = frozenset(
    {"profile.password", "profile.sign_out", "profile.language", "profile.sign_in", "health.check", "static"}
)
# The first that fits wins: each browser claims to be the older ones as well.
BROWSERS: tuple[tuple[str, Any], ...] = (
    ("MicroMessenger", lazy_gettext("WeChat")),
    ("DingTalk", lazy_gettext("DingTalk")),
    ("Edg", "Edge"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Harmony", "HarmonyOS"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


@bp.before_app_request
def see_off_who_has_left() -> AnyResponse | None:
    """Whoever left while signed in is signed out at the next click, instead of finding every page gone."""
    if request.endpoint in ("static", "health.check") or not current_user.is_authenticated:
        return None
    if _is_here(current_user.person_id):
        return None
    _leave()
    return redirect(address_of("profile.sign_in"))


@bp.before_app_request
def ask_for_new_password() -> AnyResponse | None:
    """Who signed in with a password that somebody else chose goes nowhere before choosing an own one."""
    if request.endpoint in WHILE_PASSWORD_IS_FIRST:
        return None
    if current_user.is_authenticated and current_user.must_change:
        return redirect(address_of("profile.password"))
    return None


# -- in and out ---------------------------------------------------------------------------------------
@bp.route("/sign-in", methods=["GET", "POST"])
@public
@limiter.limit(ATTEMPTS, methods=["POST"])
def sign_in() -> ResponseReturnValue:
    """The way in; `next` leads back to the page that asked for it."""
    if current_user.is_authenticated and request.method == "GET":
        return redirect(_next())
    form = sign_in_form()
    if request.method == "GET":
        return _sign_in_page(form, "")
    if not form.validate():
        return _sign_in_page(form, ""), 422
    attempt = signin.sign_in(
        db.engine, login=form.login.data, password=form.password.data, browser=_browser(), now=now()
    )
    if attempt.account is None or not _is_here(attempt.account.person_id):
        return _not_in(form, attempt)
    if current_user.is_authenticated:  # somebody else, who had this browser before
        _leave()
    return _enter(attempt, _next())


def _not_in(form: SignInForm, attempt: Attempt) -> ResponseReturnValue:
    if attempt.result is SignInResult.DELAYED:
        return _sign_in_page(form, _wait(attempt.wait_seconds)), 429
    if attempt.account is not None:  # the password was right, but the person has left
        signin.sign_out(db.engine, attempt.account, address=_browser().address, now=now())
    sentence = gettext(
        "The sign-in name or the password is not right. Nothing says which, so that nobody can try names."
    )
    return _sign_in_page(form, sentence), 422


def _wait(seconds: int) -> str:
    if seconds < 60:
        told = ngettext("Wait %(num)s second, then try again.", "Wait %(num)s seconds, then try again.", seconds)
    else:
        minutes = -(-seconds // 60)
        told = ngettext("Wait %(num)s minute, then try again.", "Wait %(num)s minutes, then try again.", minutes)
    return gettext("Too many attempts failed in a row.") + " " + told


def _sign_in_page(form: SignInForm, trouble: str) -> str:
    return render_template(
        "profile/sign_in.html",
        form=form,
        trouble=trouble,
        next=_next(),
        demonstration=_demonstration_accounts(),
    )


def _demonstration_accounts() -> list[tuple[str, str, str]]:
    """(login, post, roles) as the reader says them. Their password is printed by `xiaohao run`, not here."""
    found = demonstration.accounts(connection(), house())
    return [(a.login, a.person.name, " · ".join(words.role(g.role) for g in a.person.grants)) for a in found]


def _is_here(person_id: int) -> bool:
    person = directory().people.get(person_id)
    return person is not None and not person.has_left


def _enter(attempt: Attempt, target: str) -> AnyResponse:
    """A session of its own for whoever has just shown the password, and the cookie that knows this browser."""
    _forget_session()
    login_user(attempt.account)
    response = make_response(redirect(target))
    settings = _settings()
    response.set_cookie(
        _device_cookie(),
        attempt.device,
        max_age=A_YEAR,
        secure=settings.is_served_by_tls,
        httponly=True,
        samesite="Lax",
    )
    return response


def _forget_session() -> None:
    kept = {name: session[name] for name in KEPT if name in session} | _look()
    session.clear()
    session.update(kept)


@bp.post("/sign-out")
@public
def sign_out() -> ResponseReturnValue:
    if current_user.is_authenticated:
        _leave()
    return redirect(address_of("profile.sign_in"))


def _leave() -> None:
    signin.sign_out(db.engine, current_user, address=_browser().address, now=now())
    logout_user()
    _forget_session()


def _next() -> str:
    """Where to go afterwards: a path of ours, never another site's."""
    target = request.values.get("next", "")
    return target if OUR_PATH.fullmatch(target) else address_of("desk.home")


def _browser() -> Browser:
    device = request.cookies.get(_device_cookie(), "")
    return Browser(request.remote_addr or "", request.user_agent.string[:200], device[:100])


def _device_cookie() -> str:
    return "__Host-xiaohao-device" if _settings().is_served_by_tls else "xiaohao-device"


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings


# -- the profile --------------------------------------------------------------------------------------
@bp.get("/profile")
@needs(SIGNED_IN)
def show() -> ResponseReturnValue:
    """Who I am here, and what is mine to choose."""
    person = current_person()
    limits = Limits(idle=_settings().session_idle, length=_settings().session_length)
    return render_template(
        "profile/show.html",
        unit=names().unit(person.unit_id),
        grants=[grant_line(grant) for grant in person.grants_on(today())],
        language_form=language_form(languages.current()),
        look_form=look_form(session.get("theme", "system"), keys_are_on=session.get("keys", True)),
        devices=signin.signed_in_devices(connection(), current_user.id, limits, now()),
        device_name=device_name,
        password_changed_at=password_changed_at(connection(), current_user.id),
    )


def device_name(user_agent: str) -> str:
    """`Firefox, Windows`: what a person calls it in the reader's language, from what a browser says of itself."""
    browser = next((name for mark, name in BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in SYSTEMS if mark in user_agent), "")
    return formats.listed(filter(None, (browser, system))) or user_agent[:40] or gettext("Unknown device")


@bp.post("/profile/devices/<int:session_id>/end")
@needs(SIGNED_IN)
def end_device(session_id: int) -> ResponseReturnValue:
    """Sign out another browser of mine."""
    if signin.end_session(db.engine, current_user, session_id, address=_browser().address, now=now()):
        flash(gettext("The device is signed out."), "done")
    else:
        flash(gettext("That device had signed out already."), "info")
    return redirect(address_of("profile.show"))


@bp.post("/profile/look")
@needs(SIGNED_IN)
def look() -> ResponseReturnValue:
    """Colours and single keys; kept in this browser."""
    form = look_form("system", keys_are_on=True)
    theme = form.theme.data if form.theme.data in THEMES else "system"
    session["theme"], session["keys"] = theme, bool(form.keys.data)
    flash(gettext("Saved for this device."), "done")
    response = make_response(redirect(address_of("profile.show")))
    value = f"{theme}.{'on' if session['keys'] else 'off'}"
    response.set_cookie(LOOK, value, max_age=A_YEAR, secure=_settings().is_served_by_tls, httponly=True, samesite="Lax")
    return response


def _look() -> dict[str, object]:
    """What was chosen in this browser before; nothing where the cookie is not one of ours."""
    theme, _, keys = request.cookies.get(LOOK, "").partition(".")
    return {"theme": theme, "keys": keys != "off"} if theme in THEMES else {}


@bp.post("/language")
@public
def language() -> ResponseReturnValue:
    """Another language, kept in the account, and in the session of whoever is not signed in."""
    locale = request.form.get("locale", "")
    if locale in languages.codes():
        session["locale"] = locale
        if current_user.is_authenticated:
            signin.choose_locale(db.engine, current_user.id, locale)
    return redirect(_next())


@bp.route("/profile/password", methods=["GET", "POST"])
@needs(SIGNED_IN)
def password() -> ResponseReturnValue:
    """A new password: every other device is signed out."""
    form = password_form()
    if request.method == "POST" and form.validate():
        try:
            attempt = signin.change_password(
                db.engine, current_user, current=form.current.data, new=form.new.data, browser=_browser(), now=now()
            )
        except Refusal as refusal:
            form.refuse(refusal)
        else:
            if attempt.account is not None:
                flash(gettext("The password is changed. Other devices are signed out."), "done")
                return _enter(attempt, address_of("desk.home" if current_user.must_change else "profile.show"))
            form.current.errors = [
                _wait(attempt.wait_seconds)
                if attempt.result is SignInResult.DELAYED
                else gettext("This is not the present password.")
            ]
    page = render_template("profile/password.html", form=form, must_change=current_user.must_change)
    return page, 422 if request.method == "POST" else 200
