"""People, units and grants: the forms of the administrator."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask_babel import gettext, lazy_gettext

from tracker import words
from tracker.domain.people import Role, UnitKind
from tracker.domain.refusals import Refusal
from tracker.forms.fields import DateField, IdField, Pairs, SelectField, TextField, required
from tracker.forms.keyed import KeyedForm
from tracker.models.accounts import LOGIN_LENGTH

_ = lazy_gettext

NAME_LENGTH = 80
CODE_LENGTH = 40
KINDS: Mapping[UnitKind, Any] = {
    UnitKind.VILLAGE: _("Village or community"),
    UnitKind.OFFICE: _("Office"),
    UnitKind.TOWN: _("Town"),
    UnitKind.COUNTY: _("County"),
    UnitKind.COUNTY_BUREAU: _("Bureau of the county"),
    UnitKind.SCHOOL: _("School"),
    UnitKind.GRID: _("Grid"),
}


class AdminForm(KeyedForm):
    """What is needed and how long it may be; everything else is for the rules to say."""

    needed: tuple[str, ...] = ()
    longest: Mapping[str, int] = {}

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> AdminForm:
        """The form of these inputs."""
        form: AdminForm = type("Form", (cls,), dict(fields))()
        return form

    def validate(self, extra_validators: object = None) -> bool:
        is_good: bool = super().validate()
        for name in self.needed:
            if self[name].value is None:
                self.add_error(name, words.refusal(Refusal("field_required")))
        for name, limit in self.longest.items():
            length = len(self[name].value or "")
            if length > limit:
                self.add_error(name, words.refusal(Refusal("field_too_long", length=length, limit=limit)))
        return is_good and not self.has_errors


def _grant_fields(units: Pairs, registers: Pairs, today: date, *, is_needed: bool) -> dict[str, Any]:
    roles = [(role.value, words.role(role)) for role in Role]
    role = SelectField(gettext("Role"), choices=[("", gettext("Choose")), *roles])
    where = IdField(
        gettext("For this unit and all below it"),
        choices=[("", gettext("Choose") if is_needed else gettext("The unit of the person")), *units],
    )
    return {
        "role": required(role) if is_needed else role,
        "grant_unit_id": required(where) if is_needed else where,
        "register": SelectField(gettext("In"), choices=[("", gettext("all registers")), *registers]),
        "starts_on": DateField(gettext("From"), default=today),
    }


def _login_field() -> TextField:
    return TextField(
        gettext("Sign-in name"),
        description=gettext("With it comes a password for one use, which is shown once."),
        render_kw={"autocomplete": "off", "autocapitalize": "none"},
    )


def person_form(units: Pairs, registers: Pairs, today: date) -> AdminForm:
    """A new person, with a first role and an account if wanted."""
    fields = {
        "name": required(
            TextField(
                gettext("Post or name"),
                description=gettext("By post where that says who it is, for example 晨光村网格员."),
                render_kw={"autocomplete": "off"},
            )
        ),
        "unit_id": required(IdField(gettext("Unit"), choices=[("", gettext("Choose")), *units])),
        **_grant_fields(units, registers, today, is_needed=False),
        "login": _login_field(),
        "needed": ("name", "unit_id"),
        "longest": {"name": NAME_LENGTH, "login": LOGIN_LENGTH},
    }
    return AdminForm.of(fields)


def grant_form(units: Pairs, registers: Pairs, today: date) -> AdminForm:
    """A role for somebody who is there."""
    fields = _grant_fields(units, registers, today, is_needed=True)
    needed = ("role", "grant_unit_id", "starts_on")
    return AdminForm.of({**fields, "needed": needed})


def account_form() -> AdminForm:
    """An account for somebody who has none."""
    fields = {"login": required(_login_field()), "needed": ("login",), "longest": {"login": LOGIN_LENGTH}}
    return AdminForm.of(fields)


def unit_form(units: Pairs) -> AdminForm:
    """A new unit below another."""
    kinds = [(kind.value, str(text)) for kind, text in KINDS.items()]
    fields = {
        "name": required(TextField(gettext("Name"), render_kw={"autocomplete": "off"})),
        "code": required(
            TextField(
                gettext("Code"),
                description=gettext("The code of the statistics office for places; any short code for offices."),
                render_kw={"autocomplete": "off"},
            )
        ),
        "kind": required(SelectField(gettext("Kind"), choices=[("", gettext("Choose")), *kinds])),
        "parent_id": IdField(gettext("Below"), choices=[("", gettext("Nothing above it")), *units]),
        "needed": ("name", "code", "kind"),
        "longest": {"name": NAME_LENGTH, "code": CODE_LENGTH},
    }
    return AdminForm.of(fields)
