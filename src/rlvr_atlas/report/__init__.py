"""The report: what the tables of a workspace say, on one self-contained page and as plain JSON.

Nothing is computed about lineage here: tables are counted, sorted and drawn. Not covered: browsing all rows.
"""

from rlvr_atlas.report.page import render
from rlvr_atlas.report.summarise import summary

__all__ = ["render", "summary"]
