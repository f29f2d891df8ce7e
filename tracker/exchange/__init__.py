"""Files in and out: what an office keeps in spreadsheets, read into rows and written back.

In, in this order: `files` (what is this file, may it be opened at all) → `sheets` (bytes to rows of
cells; `parser` is its child process, `delimited` its CSV half) → `headings` (which column is which
field; `profiles` for layouts of other systems) → `values` (a cell becomes a day, a choice, a unit:
`directory`) → `rows` (the reading that the preview shows and the import uses).
Out: `exports`. Nothing here writes to the database or knows the web.
"""
