"""The truth: append and read (store, packing: JSON in little room), hash and prove (seal), private values (vault),
evidence files (files), and whether all of it is what was written (audit).
"""
