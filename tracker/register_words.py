"""The sentences of refusals when an administrator makes or changes a register; words.py has the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext

_ = lazy_gettext

REFUSALS: Mapping[str, Any] = {
    "definition_moved_on": _(
        "Another administrator changed this register to version %(version)s meanwhile. Look again."
    ),
    "register_mistaken": _("The files have mistakes, which are listed with their lines."),
    "register_name_taken": _("A register with this name is there already: %(name)s. Choose another name."),
    "register_name_fixed": _("The file of the register must be called %(name)s and say so under `name`."),
    "register_file_elsewhere": _("The file %(path)s is not one that this register may bring."),
    "register_kind_fixed": _("The kind is fixed: %(count)s records are there."),
    "register_prefix_fixed": _("The prefix %(prefix)s is fixed: %(count)s records carry it in their numbers."),
    "register_withdrawn": _("The register “%(name)s” was withdrawn: nothing new is entered in it."),
    "register_not_defined_here": _("Nothing of the register %(name)s was defined here, or it was withdrawn already."),
    "withdrawn_unreadable": _(
        "%(count)s records were entered in %(name)s, and without files that fit nobody could read them."
        " Put its files right instead."
    ),
    "effect_in_past": _(
        "Records of the past keep the version that they were made with. Enter %(today)s or a later day."
    ),
    "part_in_use": _("“%(name)s” cannot be removed. Records that use it: %(count)s."),
    "part_fixed": _("The type, privacy or link of “%(name)s” cannot change. Records that use it: %(count)s."),
    "heads_fixed": _(
        "Which fields give the day, the village or the value of “%(name)s” cannot change. Records: %(count)s."
    ),
    "step_in_use": _("“%(step)s” cannot be switched off. Tickets that could not go on without it: %(count)s."),
    "records_unreadable": _(
        "“%(register)s”: these files do not know “%(name)s” as records have it. Records concerned: %(count)s."
    ),
    "letters_only": _("Two to six letters from A to Z."),
    "prefix_taken": _("“%(prefix)s” stands before the numbers of “%(name)s” already. Choose another."),
    "label_taken": _("“%(name)s” already means “%(other)s” here, so a file could not say which. Choose another name."),
    "too_many_parts": _("%(count)s are too many; at most %(limit)s fit."),
    "one_photograph_in_a_walk": _(
        "While a checklist is walked there is room for one photograph, and for no document. Ask for less here."
    ),
    "state_needed": _("Name at least one state with which the file does not end: a new one begins in the first."),
    "name_unknown_here": _("“%(value)s” is not among %(known)s."),
    "counting_changes_today_only": _(
        "This changes what figures count of “%(name)s”, whose records are counted again. Let it take effect today."
    ),
    "too_many_to_count_again": _(
        "This changes what figures count of “%(name)s”, which has over %(limit)s records. Leave its figures and"
        " listed fields as they are."
    ),
}
