"""Forms: from a register's fields (register, record) and a step's needs (step) to a command.

A form never decides: it reads what was typed, keeps it, and shows each refusal at its field. Files are kept by
hash before the command is tried, so that a refused form does not ask for them again (evidence).
keyed is what every form of a command has, fields the inputs, options and links what one may choose from, typed what
was typed, as a person would say it. The other commands: inspection, findings (the tickets it opens), duties
(excusing), imports, definitions (of registers: their files; as a form in drafting, with draft_rows and draft_checks),
admin (people, units), profile. asof reads the two days of a figure.
"""
