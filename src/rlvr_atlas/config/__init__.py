"""Settings: what a recipe may hold, checked. `recipe.py` has its tables, `curate.py` those of a mix."""

from rlvr_atlas.config.recipe import (
    THRESHOLDS,
    Adapter,
    AuditSettings,
    CandidateSpec,
    DatasetSpec,
    MatchSettings,
    Recipe,
    RecoverSettings,
    SCASettings,
    WorkspaceSettings,
    entries,
    parse_recipe,
    read_toml,
)

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
