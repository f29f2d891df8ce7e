"""Which languages there are (a folder in translations/ each) and which one a request gets.

Codes are BCP 47 outside (`zh-Hans`, in profiles, URLs and `lang`) and Babel's inside (`zh_Hans`, the folder's name).
"""

from functools import cache
from pathlib import Path

from babel.support import NullTranslations, Translations
from flask import Flask, g, request, session
from flask_babel import Domain
from flask_login import current_user

FOLDER = Path(__file__).parent / "translations"
DEFAULT = "zh-Hans"
# What browsers ask for, by prefix, longest first: regions that write traditional characters, then any Chinese.
ASKED = (("zh-hant", "zh-Hant"), ("zh-tw", "zh-Hant"), ("zh-hk", "zh-Hant"), ("zh-mo", "zh-Hant"), ("zh", "zh-Hans"))


@cache
def codes() -> tuple[str, ...]:
    """Every language code, the default first. One that is only begun counts: its gaps show English."""
    folders = FOLDER.glob("*/LC_MESSAGES")
    found = {folder.parent.name.replace("_", "-") for folder in folders}
    return (DEFAULT, *sorted(found - {DEFAULT}))


def code_for(asked: str) -> str | None:
    """The code of ours that serves a browser's language tag, or None."""
    tag = asked.lower().replace("_", "-")
    known = ((code.lower(), code) for code in codes() if not code.startswith("zh"))
    for prefix, code in (*ASKED, *known):
        if (tag == prefix or tag.startswith(f"{prefix}-")) and code in codes():
            return code
    return None


def current() -> str:
    """The code for this request: the account's choice, else the session's, else the browser's, else the default.

    Worked out once a request, since a page asks a thousand times; what chooses another language redirects.
    """
    if (known := g.get("language")) is None:
        g.language = known = _asked_for()
    return str(known)


def _asked_for() -> str:
    chosen = (getattr(current_user, "locale", None), session.get("locale"))
    asked = (code_for(tag) for tag in request.accept_languages.values())
    return next((code for code in (*chosen, *asked) if code in codes()), DEFAULT)


def current_babel() -> str:
    """The same as Babel writes it."""
    return current().replace("-", "_")


class Sentences(Domain):
    """Our catalogues, without Flask-Babel's search for the right one at each of a page's hundreds of sentences."""

    def get_translations(self) -> NullTranslations:
        return catalogue(current())


SENTENCES = Sentences()


def join_app(app: Flask) -> None:
    """The sentences of a request, in Python and in templates."""
    app.before_request(SENTENCES.as_default)
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined] # of Jinja's i18n extension
        gettext=lambda text: catalogue(current()).ugettext(text),
        ngettext=lambda one, many, number: catalogue(current()).ungettext(one, many, number),
        newstyle=True,
    )


@cache
def catalogue(language: str) -> NullTranslations:
    """The sentences of a language; one that nobody has written yet gives the English ones."""
    return Translations.load(FOLDER, [language.replace("-", "_")])
