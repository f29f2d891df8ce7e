"""Xiaohao: promises kept from the moment a problem is found until it is closed."""
