"""`python -m bench`: how fast and how small it is at 100,000 and 1,000,000 tickets, on SQLite and PostgreSQL.

county.py: a pack of twelve registers, units, people, an instance. stories.py: what happens to a ticket.
generate.py: a log of stories, written with the product's own rules and hashes. measure.py, pages.py: what is timed.
town.py, records.py: the same for a million activities, a household visited 10,000 times, the duties of 600 villages.
"""
