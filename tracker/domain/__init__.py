"""The rules, in pure Python: no Flask, no SQLAlchemy, no clock, no file, no network.

Read in this order: registers (what a register is), events (what has happened), lifecycle (the one
table of steps), needs (what a step must be given), deciding (command → events), ticket (events →
state), deadlines and milestones (clocks), ledger (marks), figures (numerator over denominator),
access (who may do what), people and organising (the directory), refusals (every "no").
"""
