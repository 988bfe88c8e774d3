"""Fingerprints: problems as hashes and sketches, for comparing quickly and for sharing without their text.

`prints.py` says what is kept of a text, `look_up.py` compares prints, `index.py` puts those of whole
benchmarks into a file. What such a file gives away and what it misses is in docs/audit.md.
"""

from rlvr_atlas.fingerprints.index import Index, build, read, write
from rlvr_atlas.fingerprints.look_up import look_up, worth_comparing
from rlvr_atlas.fingerprints.prints import Printer, Prints

__all__ = ["Index", "Printer", "Prints", "build", "look_up", "read", "worth_comparing", "write"]
