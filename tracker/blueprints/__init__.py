"""Pages: URL → form or query → template. Views are short; rules stand in domain/.

A module with a `bp` is a set of pages. First pages: desk. Tickets: registers (lists), tickets (one), imports.
Activities, subjects and statistics: record_lists, records (one), inspections (walked by a checklist; inspection_walk is
what its pages share), findings (the tickets that an inspection opens). What is owed: duties; record_duties (what a
record counts for). Numbers: figures. Whoever
looks after it: admin (people, units), definitions (of registers), scheduled (work by the clock), log, sign_ins,
health. Everybody: search, profile.

What queries give becomes rows in the reader's language in list_view, ticket_view, import_view, import_rows,
record_list_view, record_view, inspection_view, figure_view, definition_view, breakdowns (of a report, by month or
village) and names; next_turn finds the ticket that waits next for the same person. A table to take away in files,
register_files, record_files and figure_files, one to fill in in blank_files. going_on knows what a ticket goes on as,
imported tells of the file that something came in with. evidence_view shows pictures and papers and what to look twice
at, evidence_files sends them. linking knows what tickets and records name of each other. rights and frame are what
all of them share: who asks, and what stands on every page.
"""
