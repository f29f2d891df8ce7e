"""Questions that pages ask: who sees which rows (scope), lists and one ticket (tickets), first pages (desk),
whom one may name (people), figures. Each is bounded, served by an index, and gives frozen rows."""
