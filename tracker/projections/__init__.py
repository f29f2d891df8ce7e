"""What pages read, written from events in the same transaction: tickets, records, series, ledger, people, search;
rebuild makes them again from the log. The cube is a cache of the ledger.

A projection never decides and never commits.
"""
