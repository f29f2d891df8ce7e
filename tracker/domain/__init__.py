"""The rules, in pure Python: no Flask, no SQLAlchemy, no clock, no file, no network.

Read in this order: registers (what a register is), events (what has happened), lifecycle
(the one table of steps), ticket (decide and evolve), deadlines (clocks), ledger (marks),
figures (numerator over denominator), access (who may do what), refusals (every "no").
"""
