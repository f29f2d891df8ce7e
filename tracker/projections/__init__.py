"""What pages read, written from events in the same transaction: tickets, ledger, people, search; and rebuild.

A projection never decides and never commits.
"""
