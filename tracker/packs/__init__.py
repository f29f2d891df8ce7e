"""Registers as data: a pack is a folder of YAML that `loader.py` reads, checks and turns into domain types.

`source.py` reads YAML with its line numbers, `shape.py` holds it against `schema.json`, `problems.py` lists every
mistake with its line. `fields.py`, `registers.py` (tickets), `records.py` (activities, subjects, statistics),
`following.py` (states that follow tickets), `opening.py` (files that a record opens), `succession.py` (tickets that go
on as others), `conditions.py`, `duties.py`, `checklists.py`, `deadlines.py`, `figures.py`, `units.py` and `layouts.py`
build the domain types; `calendar.py` knows the working days, `accounts.py` what figures may ask of a register or a
duty, `standard.py` the questions that every register is asked, `rules.py` whether what counts has changed.
`making/` turns the form of an administrator into files and back, `writing.py` writes YAML.
No rule of a particular register stands in Python. For pack authors: docs/packs.md. `demo/` alone knows registers by
name: it invents the year that the township's pack tells with its own `demo/` folder.
"""
