"""Pages: URL → form or query → template. Views are short; rules stand in domain/.

A module with a `bp` is a set of pages: desk, registers, tickets, record_lists, records, figures, log, search, imports,
admin, profile, health. Beside them inspections (walked by a checklist; inspection_walk is what its pages share) and
findings (the tickets that an inspection opens). `*_view`, `breakdowns` and `names` turn what queries give into rows in
the reader's language; `files` and `*_files` make them tables to take away. `linking` knows what tickets and records
name of each other. `rights` and `frame` are what all of them share: who asks, and what stands on every page.
"""
