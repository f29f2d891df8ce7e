"""What pages read, written from events in the same transaction; the cube is a cache of the ledger.

tickets, records, duties and people are rows as things now stand; search their words; pictures which picture stands
where; series and numbers which numbers are given out and which are taken; ledger the marks, folios the pages that they
stand on, lives the way from events to marks. rebuild makes all of it again from the log (folding turns tickets into its
rows), recounting one register. A projection never decides and never commits.
"""
