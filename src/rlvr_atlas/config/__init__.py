"""Settings: what a recipe may hold, checked. `curate.py` has those of a mix, `sca.py` those of SCA."""

from rlvr_atlas.config.recipe import (
    THRESHOLDS,
    Adapter,
    AuditSettings,
    CandidateSpec,
    DatasetSpec,
    MatchSettings,
    Recipe,
    RecoverSettings,
    WorkspaceSettings,
    entries,
    parse_recipe,
    read_toml,
)
from rlvr_atlas.config.sca import SCASettings

__all__ = [
    "THRESHOLDS",
    "Adapter",
    "AuditSettings",
    "CandidateSpec",
    "DatasetSpec",
    "MatchSettings",
    "Recipe",
    "RecoverSettings",
    "SCASettings",
    "WorkspaceSettings",
    "entries",
    "parse_recipe",
    "read_toml",
]
