"""Forms: from a register's fields (register, record) and a step's needs (step) to a command.

A form never decides: it reads what was typed, keeps it, and shows each refusal at its field. Files are kept by
hash before the command is tried, so that a refused form does not ask for them again (evidence).
"""
