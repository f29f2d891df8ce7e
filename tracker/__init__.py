"""Xiaohao: promises kept from the moment a problem is found until it is closed.

From the rules upward: domain (the rules), packs (registers as data), models (tables), log (the truth), projections
(what pages read), house (what commands and questions share), queries (questions), handler (the only writer; its parts:
recorder, opener, successor, follower, timekeeper, organiser, definer, noter), signin, passwords and guesses (accounts),
uploads (files that wait), forms and exchange (what people type, what files say), blueprints (pages), jobs (the
clockwork), cli (commands).
Beside them: config, clock, extensions, addresses, languages, words, file_words, duty_words, fault_words,
picture_words, register_words and pack_words (every sentence), formats (numbers and days), responses (headers, error
pages), migrations, wsgi.

`create_app` is the one place where the parts are joined. It imports them inside, so that the rules in
`tracker.domain` load without Flask.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask

    from tracker.config import Settings
    from tracker.signin import Account


def create_app(settings: Settings | None = None) -> Flask:
    """The web application for these settings, else for those of the environment. Raises SettingsError."""
    from flask import Flask

    from tracker import addresses, config, formats, responses

    settings = settings or config.load()
    app = Flask(__name__, instance_path=str(settings.instance))
    app.config.from_mapping(_flask_config(settings))
    app.url_map.converters["int"] = addresses.StoredInteger
    _join_proxies(app, settings)
    _join_extensions(app)
    _join_house(app, settings)
    responses.init_app(app, settings)
    formats.register_filters(app)
    app.before_request(_refuse_undeclared)
    _join_blueprints(app)
    _join_frame(app)
    return app


def _flask_config(settings: Settings) -> dict[str, Any]:
    return {
        "SETTINGS": settings,
        "SECRET_KEY": settings.secret_key,
        "SESSION_COOKIE_NAME": "__Host-xiaohao" if settings.is_served_by_tls else "xiaohao",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": settings.is_served_by_tls,
        "MAX_CONTENT_LENGTH": settings.request_bytes,
        "MAX_FORM_MEMORY_SIZE": 2 * 1024 * 1024,
        "TRUSTED_HOSTS": list(settings.trusted_hosts),
        # As long as the session: a form left open over lunch must not lose what was typed.
        "WTF_CSRF_TIME_LIMIT": None,
        "BABEL_DEFAULT_LOCALE": "zh_Hans",
        "BABEL_DEFAULT_TIMEZONE": settings.time_zone.key,
        "RATELIMIT_STORAGE_URI": "memory://",
        "RATELIMIT_HEADERS_ENABLED": True,
        "SQLALCHEMY_DATABASE_URI": settings.database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": _engine_options(settings),
    }


def _engine_options(settings: Settings) -> dict[str, Any]:
    if settings.database_url.get_backend_name() == "sqlite":
        return {}
    return {"isolation_level": "READ COMMITTED", "pool_size": settings.threads}


def _join_proxies(app: Flask, settings: Settings) -> None:
    from werkzeug.middleware.proxy_fix import ProxyFix

    if count := settings.proxy_count:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign] # Flask's documented way


def _join_extensions(app: Flask) -> None:
    from pathlib import Path

    from tracker import extensions, languages, models
    from tracker.models import search

    models.load_tables()
    extensions.db.init_app(app)
    app.extensions["migrate"] = extensions.Migrations(
        app,
        directory=str(Path(__file__).parent / "migrations"),
        render_as_batch=True,
        include_object=search.is_compared,
    )
    extensions.csrf.init_app(app)
    extensions.limiter.init_app(app)
    extensions.babel.init_app(app, locale_selector=languages.current_babel)
    languages.join_app(app)
    app.add_template_global(languages.current, "language")
    app.add_template_global(languages.codes, "languages")
    extensions.login.init_app(app)
    extensions.login.login_view = "profile.sign_in"
    extensions.login.session_protection = None  # our sessions are rows; phones change their address
    extensions.login.user_loader(_signed_in)


def _signed_in(token: str) -> Account | None:
    from flask import current_app

    from tracker import clock, extensions, signin

    settings: Settings = current_app.config["SETTINGS"]
    limits = signin.Limits(idle=settings.session_idle, length=settings.session_length)
    account = signin.resume(extensions.db.session.connection(), token, limits, clock.now())
    if account is not None and account.is_seen_anew:
        extensions.db.session.rollback()  # the page then reads what is written here
        signin.keep_seen(extensions.db.engine, account, clock.now())
    return account


def _join_house(app: Flask, settings: Settings) -> None:
    from tracker import clock
    from tracker.extensions import db
    from tracker.house import build_house

    with app.app_context():
        engine = db.engine
    app.extensions["house"] = build_house(
        engine, pack=settings.pack, instance=settings.instance, time_zone=settings.time_zone, now=clock.now
    )


def _join_frame(app: Flask) -> None:
    from tracker.blueprints import frame

    frame.init_app(app)


def _refuse_undeclared() -> None:
    """Default deny: a view that does not declare its right (blueprints/rights.py) does not exist."""
    from flask import abort, current_app, request

    if request.endpoint is None or request.endpoint == "static":
        return
    if not hasattr(current_app.view_functions[request.endpoint], "_right"):
        abort(404)


def _join_blueprints(app: Flask) -> None:
    import pkgutil
    from importlib import import_module
    from pathlib import Path

    folder = Path(__file__).parent / "blueprints"
    for module in pkgutil.iter_modules([str(folder)]):
        blueprint = getattr(import_module(f"tracker.blueprints.{module.name}"), "bp", None)
        if blueprint is not None:
            app.register_blueprint(blueprint)
