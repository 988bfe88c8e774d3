"""Makes `small` importable for the tests of curation and export."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
