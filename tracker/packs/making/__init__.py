"""Registers made with a form, by somebody who knows no YAML: a `Draft` is what the form asks, `files_of` the files.

What each kind begins with stands in the YAML files beside this one. A draft changes only what it knows: whatever else
the files of a register say stays as it is. drafts has the types and what all share; each part of a register has a
module that writes and reads it: fields, states, walks (checklists), tickets (steps, evidence, deadline), duties,
figures. naming gives names that nobody chose.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from tracker.packs.making.drafts import (
    KINDS,
    SELF,
    Data,
    Draft,
    Texts,
    counted,
    file_of,
    fixed_names,
    is_drafted,
    label_of,
    skeleton,
)
from tracker.packs.making.duties import drafted_duty, written_duties
from tracker.packs.making.fields import drafted_field, written_fields, written_groups, written_quantities
from tracker.packs.making.figures import switched_on, written_figures
from tracker.packs.making.states import drafted_states, written_states
from tracker.packs.making.tickets import drafted_tickets, written_rules, written_tickets
from tracker.packs.making.walks import (
    FLAGS,
    check_register,
    checklist_of,
    drafted_items,
    holder_of,
    opened_by,
    usual_opening,
    written_checklist,
)
from tracker.packs.writing import written

__all__ = ["KINDS", "Draft", "draft_of", "files_of"]


# -- from a draft to files ----------------------------------------------------------------------------
def files_of(draft: Draft, before: Texts, on: date) -> dict[str, str]:
    """The files of the register from the day on; `before`: those that it had."""
    name = draft.name
    register = _register(draft, file_of(before, f"registers/{name}.yaml"))
    files = {**before}
    if draft.items:
        files |= _walked(draft, register, before)
    else:
        _unwalked(draft, register, files)
    files[f"registers/{name}.yaml"] = written(register)
    deadlines = f"deadlines/{name}.yaml"
    if rules := written_rules(draft, register, file_of(before, deadlines).get("rules", []), on):
        files[deadlines] = written({"rules": rules})
    duties = f"duties/{name}.yaml"
    if owed := written_duties(draft, register, file_of(before, duties).get("duties", []), on):
        files[duties] = written({"duties": owed})
    figures = list(written_figures(draft, register, file_of(before, f"figures/{name}.yaml").get("figures", [])))
    files.pop(f"figures/{name}.yaml", None)
    if figures:
        files[f"figures/{name}.yaml"] = written({"figures": figures})
    return files


def _walked(draft: Draft, register: Data, before: Texts) -> dict[str, str]:
    """The checklist, and the activity in which it is walked: the register itself, or one beside it."""
    holder = register if draft.kind == "activity" else check_register(draft, before)
    checklist = holder["checklist"] = checklist_of(draft.name, draft.kind, before)
    holder["gives"] = _names(holder.get("gives", ()), opened_by(draft))
    items = file_of(before, f"checklists/{checklist}.yaml")
    files = {f"checklists/{checklist}.yaml": written(written_checklist(draft, checklist, holder, items))}
    if holder is not register:
        files[f"registers/{holder['name']}.yaml"] = written(holder)
    return files


def _unwalked(draft: Draft, register: Data, files: dict[str, str]) -> None:
    """A list of which nothing is left goes; an activity beside the register stays, and asks nothing more."""
    checklist = checklist_of(draft.name, draft.kind, files)
    if files.pop(f"checklists/{checklist}.yaml", None) is None:
        return
    beside = f"registers/{holder_of(draft.name, draft.kind)}.yaml"
    holder = register if draft.kind == "activity" else file_of(files, beside)
    holder.pop("checklist", None)
    if holder is not register:
        files[beside] = written(holder)


def _names(before: Iterable[str], more: Iterable[str]) -> list[str]:
    return list(dict.fromkeys([*before, *more]))


def _register(draft: Draft, before: Data) -> Data:
    begun = before or dict(skeleton(draft.kind)["register"])
    head: Data = {} if draft.kind == "ticket" else {"kind": draft.kind}
    head |= {
        "name": draft.name,
        "label": {**before.get("label", {}), **draft.label},
        "prefix": draft.prefix,
        "ascii_prefix": draft.ascii_prefix,
        "measure": _measure(draft.measure, before.get("measure")),
    }
    data = {**head, **{word: value for word, value in begun.items() if word not in head}}
    data["fields"] = written_fields(draft, begun["fields"])
    if draft.tickets is not None:
        return written_tickets(draft.tickets, data)
    return _counted(draft, data, begun["fields"])


def _counted(draft: Draft, data: Data, before: list[Data]) -> Data:
    """What activities and subjects say besides: what figures add up and group by, what comes of them, states, files."""
    lists: Data = {
        "quantities": written_quantities(data.get("quantities", ()), data["fields"], before),
        "groups": written_groups(data.get("groups", ()), data["fields"], before),
        "gives": list(draft.gives),
        "evidence": counted(data.get("evidence", {}), {"photos": draft.photos, "documents": draft.documents}),
    }
    if draft.kind == "subject":
        lists["states"] = written_states(draft.states, data["states"], data["fields"])
    return {**{word: value for word, value in data.items() if value or word not in lists}, **_filled(lists, data)}


def _filled(lists: Data, data: Data) -> Data:
    """Empty lists stand in a file only where they stood."""
    return {word: value for word, value in lists.items() if value or word in data}


def _measure(text: str, before: Texts | None) -> dict[str, str]:
    if before and before.get("zh-Hans") == text:
        return dict(before)
    english = skeleton("check")["english"]
    return {**label_of(text, english["many"]), "en-one": english["one"]}


# -- from files to a draft ----------------------------------------------------------------------------
def draft_of(name: str, files: Texts) -> Draft:
    """What the form shows of a register's files."""
    data = file_of(files, f"registers/{name}.yaml")
    kind = data.get("kind", "ticket")
    fixed = fixed_names(kind)
    checklist = file_of(files, f"checklists/{checklist_of(name, kind, files)}.yaml")
    items = drafted_items(name, checklist)
    evidence = data.get("evidence", {}) if kind != "ticket" else {}
    every, times = drafted_duty(name, files)
    return Draft(
        name=name,
        kind=kind,
        label=data["label"],
        prefix=data["prefix"],
        ascii_prefix=data.get("ascii_prefix", ""),
        measure=data["measure"]["zh-Hans"],
        fields=tuple(drafted_field(item) for item in data["fields"] if is_drafted(item, fixed)),
        items=items,
        opens=usual_opening(items) or (SELF if kind == "ticket" else ""),
        figures=switched_on(name, kind, data, files),
        states=drafted_states(data.get("states", []), data["fields"]),
        gives=tuple(data.get("gives", ())),
        photos=evidence.get("photos", 0),
        documents=evidence.get("documents", 0),
        walk=tuple(flag for flag in FLAGS if checklist.get(flag)),
        every=every,
        times=times,
        tickets=drafted_tickets(name, data, files) if kind == "ticket" else None,
    )
