"""Files in and out: what an office keeps in spreadsheets, read, judged and carried out, and written back.

In, in this order: `files` (what is this file, may it be opened at all) → `sheets` (bytes to rows of cells;
`parser` is its child process, `delimited` its CSV half) → `headings` (which column is which field, in our lists and in
layouts of other systems) → `rows` (which rows are records, each with its values and its mistakes by cell;
`filling` for merges and 同上) → `reading` (all that the file says) → `importing` (what the rules say of each row;
the rows as commands of the handler, which alone writes). What a row becomes in a register of its kind, `intake` asks
and `ticket_rows` (with `additions`, what a row adds to a ticket known already) and `record_rows` answer.
A cell becomes a value in `values`, by `cells` (days, numbers), `measures` (what numbers are told in), `names` (units,
people) and `links` (records);
`folding` makes words comparable. Out: `exports`, and `blanks` to be filled in.
Nothing here knows the web or reads the clock.
"""
