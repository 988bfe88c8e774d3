"""Leaks found inside the toolkits that people already run: datasets, datatrove, verl, any loop over rows.

`LeakFilter` is the one function behind all of them. `datatrove_filter` and `verl_dataset` need their library
to be imported; nothing else here does.
"""

from rlvr_atlas.integrations.leaks import REASONS, LeakFilter

__all__ = ["REASONS", "LeakFilter"]
