"""Signing in, a new password, language and look: the forms of a person's own account."""

from __future__ import annotations

from babel import Locale
from flask_babel import gettext
from flask_wtf import FlaskForm
from wtforms import PasswordField

from tracker import languages, passwords
from tracker.domain.refusals import Refusal
from tracker.forms.fields import BooleanField, RadioField, TextField, required
from tracker.words import refusal as sentence

THEMES = ("system", "light", "dark")
_NEW = {"autocomplete": "new-password"}


class SignInForm(FlaskForm):
    """Whether the two fit together is for `signin` to say; here only that both were typed."""

    login: TextField
    password: PasswordField

    def validate(self, extra_validators: object = None) -> bool:
        is_good: bool = super().validate()
        for field in (self.login, self.password):
            if not (field.data or "").strip():
                field.errors = [sentence(Refusal("field_required"))]
                is_good = False
        return is_good


def sign_in_form() -> SignInForm:
    """The form in the reader's language."""

    class Form(SignInForm):
        login = required(
            TextField(gettext("Sign-in name"), render_kw={"autocomplete": "username", "autocapitalize": "none"})
        )
        password = required(PasswordField(gettext("Password"), render_kw={"autocomplete": "current-password"}))

    return Form()


class PasswordForm(FlaskForm):
    """A new password by its owner."""

    current: PasswordField
    new: PasswordField
    again: PasswordField

    def validate(self, extra_validators: object = None) -> bool:
        is_good: bool = super().validate()
        for field in (self.current, self.new):
            if not field.data:
                field.errors = [sentence(Refusal("field_required"))]
                is_good = False
        if self.new.data and self.new.data != self.again.data:
            self.again.errors = [gettext("The two do not agree. Type the new password once more.")]
            is_good = False
        return is_good

    def refuse(self, why: Refusal) -> None:
        """What `passwords.check` says of a password belongs to the new one."""
        self.new.errors = [*self.new.errors, sentence(why)]


def password_form() -> PasswordForm:
    """The form in the reader's language."""

    class Form(PasswordForm):
        current = required(PasswordField(gettext("Present password"), render_kw={"autocomplete": "current-password"}))
        new = required(
            PasswordField(
                gettext("New password"),
                description=gettext(
                    "At least %(limit)s characters. A short sentence is easy to remember and hard to guess.",
                    limit=passwords.MIN_LENGTH,
                ),
                render_kw=_NEW,
            )
        )
        again = required(PasswordField(gettext("New password once more"), render_kw=_NEW))

    return Form()


def language_form(chosen: str) -> FlaskForm:
    """One chip per language, named in its own words."""
    names = [(code, Locale.parse(code, sep="-").display_name) for code in languages.codes()]

    class Form(FlaskForm):
        locale = required(RadioField(gettext("Language"), choices=names, default=chosen))

    return Form(formdata=None)


def look_form(theme: str, *, keys_are_on: bool) -> FlaskForm:
    """Light or dark, and whether single keys do something."""
    words = {"system": gettext("As the device"), "light": gettext("Light"), "dark": gettext("Dark")}

    class Form(FlaskForm):
        theme = required(RadioField(gettext("Colours"), choices=[(name, words[name]) for name in THEMES]))
        keys = BooleanField(
            gettext("Single keys are on"),
            id="single-keys",  # "keys" is the dialog that lists them
            description=gettext("For example / for the search and j, k for the next and the previous row."),
        )

    return Form(data={"theme": theme, "keys": keys_are_on})
