"""Questions that pages ask. Each is bounded, served by an index, and gives frozen rows.

Who sees which rows: scope. Tickets: lists, tickets (one), search, and world (what the rules look at, to ask them what
could be done). First pages: desk. Activities, subjects and statistics: record_lists, records (one), inspections (what
is due, left, found before). What is owed: duties, notices (of what was
missed), answers (what a record counts for). Figures: figures, tallied (counted from rows), behind and
behind_marks (what lies behind a number). Whom one may name: people; accounts. Beside them: pictures (one used twice),
uploads, unread (records that a register no longer knows), audit (the log), sign_ins, demonstration (what the log says
of one).
"""
