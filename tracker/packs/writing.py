"""YAML written for people: files of registers that were made with a form, or mended by the program."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from tracker.domain.registers import Choice
from tracker.packs.source import read_text

WIDTH = 116


class _Dumper(yaml.SafeDumper):
    """No anchors, which packs refuse; short objects on one line."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _object(dumper: yaml.SafeDumper, data: dict[str, Any]) -> yaml.Node:
    is_short = bool(data) and not any(isinstance(value, list | dict) for value in data.values())
    return dumper.represent_mapping("tag:yaml.org,2002:map", data.items(), flow_style=is_short)


_Dumper.add_representer(dict, _object)


def written(data: Mapping[str, Any]) -> str:
    """The text of a file with these values; `source.read_text` gives them back."""
    text: str = yaml.dump(dict(data), Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=WIDTH)
    return text


def path_of_text(text: str, file_name: str, register: str) -> str:
    """Where a file belongs, by what it says; `register` names files that do not name themselves. Empty: nowhere.

    PackError: it is no YAML.
    """
    data = read_text(text, file_name).data
    words = data if isinstance(data, dict) else {}
    folder = next((folder for word, folder in _FOLDER_OF.items() if word in words), "")
    name = words.get("name", register) if folder in ("registers", "checklists") else register
    return f"{folder}/{name}.yaml" if folder else ""


_FOLDER_OF = {
    "fields": "registers",
    "items": "checklists",
    "figures": "figures",
    "rules": "deadlines",
    "duties": "duties",
}


def with_retired(text: str, lost: Mapping[str, Iterable[Choice]]) -> str:
    """The register's file with these choices, by field, put back as retired. Comments are lost with it."""
    data = read_text(text, "register").data
    for item in data["fields"]:
        for choice in lost.get(item.get("name") or item.get("use"), ()) if "choices" in item else ():
            item["choices"].append({"name": choice.name, "label": dict(choice.label), "retired": True})
    return written(data)
