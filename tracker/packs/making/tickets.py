"""How tickets run: steps, evidence, who may verify, and the deadline; from a draft to files, and back."""

from __future__ import annotations

from datetime import date, timedelta

from tracker.packs.making.drafts import STEP_GROUPS, Data, Draft, Texts, TicketDraft, file_of, skeleton

FIRST = "2000-01-01"
"""From when the first deadline of a register holds: before anything that may be registered."""
NO_EVIDENCE: Data = {"photos_before": 0, "photos_after": 1, "documents": 0, "note_required": False}
NO_SEPARATION: Data = {"by_unit": False, "by_issuer": False}
"""What a file means that says nothing of it."""


def written_tickets(draft: TicketDraft, data: Data) -> Data:
    """What the register's file says of them: a group of steps that stays on stays as it was, whole or in part."""
    before: list[str] = data.get("steps", [])
    steps = [step for group in _chosen(draft) for step in _switched(group, before)]
    ordered = [step for step in before if step in steps] + [step for step in steps if step not in before]
    evidence = {
        "photos_before": draft.photos_before,
        "photos_after": draft.photos_after,
        "documents": draft.documents,
        "note_required": draft.is_note_required,
    }
    separation = {"by_unit": draft.own_unit, "by_issuer": draft.issuer}
    words: Data = {**data, "steps": ordered}
    for word, wanted, usual in (("evidence", evidence, NO_EVIDENCE), ("separation", separation, NO_SEPARATION)):
        said = {**usual, **data.get(word, {})}
        if {**said, **wanted} != said:
            words[word] = {**data.get(word, {}), **wanted}
    if "pause" in ordered and not data.get("pause_reasons"):  # without one nobody could pause
        words["pause_reasons"] = skeleton("ticket")["register"]["pause_reasons"]
    return words


def _chosen(draft: TicketDraft) -> list[tuple[str, ...]]:
    return [steps for name, steps in STEP_GROUPS.items() if name in draft.steps]


def _switched(group: tuple[str, ...], before: list[str]) -> tuple[str, ...]:
    return tuple(step for step in group if step in before) or group


def written_rules(draft: Draft, register: Data, before: list[Data], on: date) -> list[Data]:
    """Dated rows: the one in force ends on the eve of the day, the next begins on it. Rows of files are left alone."""
    clock = next((c["name"] for c in register.get("clocks", ()) if c.get("main")), None)
    said = draft.tickets
    if clock is None or said is None or not said.days or (before and _said(before[-1]) == _wanted(said)):
        return before
    last = before[-1] if before else {}
    row = {**last, "rule_id": f"{draft.name}.{clock}", "register": draft.name, "clock": clock, **_wanted(said, last)}
    row |= {"from": FIRST, "source": skeleton("check")["source"]}
    if not before:
        return [_without_empty(row)]
    if before[-1]["from"] >= on.isoformat():  # never in force: it is written over
        return [*before[:-1], _without_empty({**before[-1], **_wanted(said, before[-1])})]
    ended = {**before[-1], "to": (on - timedelta(days=1)).isoformat()}
    number = f"{row['rule_id']}.{len(before) + 1}"
    return [*before[:-1], ended, _without_empty({**row, "rule_id": number, "from": on.isoformat()})]


def _without_empty(row: Data) -> Data:
    return {word: value for word, value in row.items() if value is not None}


def _wanted(draft: TicketDraft, before: Data | None = None) -> Data:
    return {"amount": draft.days, "basis": draft.basis, "extension": _extension(draft, before or {})}


def _extension(draft: TicketDraft, before: Data) -> Data | None:
    if not draft.extensions or "extension" not in draft.steps:
        return None
    return {**(before.get("extension") or {}), "count": draft.extensions, "days": draft.extension_days}


def _said(row: Data) -> Data:
    extension = row.get("extension")
    shown = {"count": extension["count"], "days": extension["days"]} if extension else None
    return {"amount": row["amount"], "basis": row["basis"], "extension": shown}


def drafted_tickets(name: str, data: Data, files: Texts) -> TicketDraft:
    """As the form shows them; without days where several rows, each for some tickets, say them."""
    rules = file_of(files, f"deadlines/{name}.yaml").get("rules", [])
    last: Data = rules[-1] if rules and not any(rule.get("when") for rule in rules) else {}
    evidence, separation = NO_EVIDENCE | data.get("evidence", {}), NO_SEPARATION | data.get("separation", {})
    extension = last.get("extension") or {}
    steps = data.get("steps", [])
    return TicketDraft(
        steps=frozenset(group for group, names in STEP_GROUPS.items() if set(names) & set(steps)),
        photos_before=evidence["photos_before"],
        photos_after=evidence["photos_after"],
        documents=evidence["documents"],
        is_note_required=evidence["note_required"],
        own_unit=separation["by_unit"],
        issuer=separation["by_issuer"],
        days=last.get("amount", 0),
        basis=last.get("basis", "natural"),
        extensions=extension.get("count", 0),
        extension_days=extension.get("days", 0),
    )
