"""The report: what the tables of a workspace say, on one self-contained page and as plain JSON.

Nothing is computed about lineage or leaks here: tables are read, sorted and drawn. Leaks are what
the audit counted (`leak_rates`). Not covered: browsing all rows.
"""

from rlvr_atlas.report.page import render
from rlvr_atlas.report.summarise import summary

__all__ = ["render", "summary"]
