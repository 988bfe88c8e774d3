"""Lineage: parents, roots and atomic sources of every row, and the decisions of people."""
