"""Questions that pages ask: who sees which rows (scope), lists and one ticket (lists, tickets), first pages (desk),
search, whom one may name (people, accounts), figures and what lies behind them (figures, tallied, behind,
behind_marks), activities, subjects and statistics (record_lists, records), inspections (what is due, left, found
before), uploads, the log (audit). Each is bounded, served by an index, and gives frozen rows."""
