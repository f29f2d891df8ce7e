"""How often a kept thing is to be checked, or an activity held by each village: from a draft to a file, and back."""

from __future__ import annotations

from datetime import date, timedelta

from tracker.packs.making.drafts import CHECK, Data, Draft, Texts, file_of, skeleton
from tracker.packs.making.walks import named

PERIODS = ("week", "ten_days", "half_month", "month", "quarter", "year")
OWING = ("village",)
"""The kinds of units that owe an activity made with the form."""


def written_duties(draft: Draft, register: Data, before: list[Data], on: date) -> list[Data]:
    """Dated rows, as of deadlines: what was owed stays, ended on the eve of the day; the next begins on it."""
    if not can_show(before):
        return before
    *past, last = before or [{}]
    is_open = bool(last) and "to" not in last
    if is_open and _is_owed(draft) and _said(last) == (draft.every, draft.times):
        return [*past, {**last, "owed_by": _owed_by(draft, register)}]  # states may have come and gone
    kept = before
    if is_open:
        never = last["from"] >= on.isoformat()
        kept = past if never else [*past, {**last, "to": (on - timedelta(days=1)).isoformat()}]
    if not _is_owed(draft):
        return kept
    return [*kept, _row(draft, register, len(kept), on)]


def _is_owed(draft: Draft) -> bool:
    return bool(draft.every) and (draft.kind == "activity" or (draft.kind == "subject" and bool(draft.items)))


def _row(draft: Draft, register: Data, number: int, on: date) -> Data:
    head = skeleton(draft.kind)["duty"]
    label = {language: named(text, draft.label[language]) for language, text in head["label"].items()}
    activity = draft.name if draft.kind == "activity" else f"{draft.name}{CHECK}"
    row: Data = {"id": f"{draft.name}_due" + (f"_{number + 1}" if number else ""), "label": label, "activity": activity}
    row |= {"owed_by": _owed_by(draft, register), "every": draft.every}
    row |= {"count": draft.times} if draft.times > 1 else {}
    if "nil" in register and draft.kind == "activity":
        row["nil_reports"] = True
    return {**row, "from": on.isoformat(), "source": skeleton("check")["source"]}


def _owed_by(draft: Draft, register: Data) -> Data:
    if draft.kind == "activity":
        return {"units": list(OWING)}
    living = [state["name"] for state in register["states"] if not state.get("is_end")]
    return {"subjects": draft.name, "states": living, "link": "subject"}


def _said(row: Data) -> tuple[str, int]:
    return row["every"], row.get("count", 1)


def can_show(rows: list[Data]) -> bool:
    """Whether the form can say what the file says: at most one duty that has no end, the last one, by whole periods."""
    running = [row for row in rows if "to" not in row]
    return running == rows[-1:][: len(running)] and all(row["every"] in PERIODS for row in running)


def drafted_duty(name: str, files: Texts) -> tuple[str, int]:
    """How often, and how many times in each: of the row that has no end; nothing where there is none."""
    rows = file_of(files, f"duties/{name}.yaml").get("duties", [])
    return _said(rows[-1]) if can_show(rows) and rows and "to" not in rows[-1] else ("", 1)
