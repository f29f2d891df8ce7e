"""The rules, in pure Python: no Flask, no SQLAlchemy, no clock, no file, no network.

Read in this order: registers (what a register is), commands (what is wanted), events (what has happened), lifecycle
(the one table of steps), guards (what must hold), needs (what a step must be given), context and deciding (command →
events), corrections (of what was registered), repeats (a key used before), confidential (what stays out of the log),
ticket and effects (events → state), evidence (files, and what pictures say of themselves), doubts (what to look twice
at in them), deadlines and milestones (clocks), ledger (marks), figures (numerator over
denominator), access (who may do what), people and organising (the directory), refusals (every "no").
Records that are no tickets: records (their registers), record (one life), recording (command → events), record_ledger
(their marks), turns (states over time), following (states that tickets lead to), succession (a ticket that goes on as
another), quantities (sums and groups), links, proofs (files that one must bring), checklists and inspecting (their
answers, the tickets that they propose). What is owed: duties (who owes what, how often), period (one period's life),
answering (whether a record counts, and why not), owing (command → events), period_ledger (its marks).
Beside them: packs (all of it together, loaded), defining (registers that an administrator makes) and harm (what
that may not do to records), layouts (lists of
other systems), values (of fields), texts (the one form that is compared), numbers (of tickets), kinds (closed sets),
days.
"""
