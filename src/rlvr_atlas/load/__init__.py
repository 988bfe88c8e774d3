"""Load: the rows of a dataset as published, from files or the Hub, in whatever layout they are.

`open_dataset` finds the files and gives a `DatasetReader`; its `batches` are frames of `schema.ROWS`, beside
which `skipped_rows` and `schemas` say what could not be used and what was taken for what. `open_again` finds
the files of a dataset that was read before.
"""

from rlvr_atlas.load.dataset import DatasetReader, open_again, open_dataset

__all__ = ["DatasetReader", "open_again", "open_dataset"]
