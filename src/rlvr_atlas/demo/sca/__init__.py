"""A world of atomic sources whose worth is known, and a model small enough to be trained on each of them."""

from rlvr_atlas.demo.sca.run import run, table

__all__ = ["run", "table"]
