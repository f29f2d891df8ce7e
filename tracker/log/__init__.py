"""The truth: append and read (store, packing: JSON in little room), hash and prove (seal), private values (vault),
evidence files (files; exif: when and where a picture was taken), and whether all of it is what was written (audit).
"""
