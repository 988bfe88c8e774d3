"""`python -m rlvr_atlas` is the command `rlvr-atlas`."""

from rlvr_atlas.cli import main

main()
