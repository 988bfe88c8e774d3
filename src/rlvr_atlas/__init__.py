"""Where each row of an RLVR dataset comes from, what it leaks, and what to train on instead."""

__version__ = "0.1.0"
