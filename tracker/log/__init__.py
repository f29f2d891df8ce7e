"""The truth: append and read (store), hash and prove (seal), private values (vault), evidence files (files)."""
