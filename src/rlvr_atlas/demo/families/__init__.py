"""The families of problems, one module for each kind; `sources.py` says which source holds which."""
