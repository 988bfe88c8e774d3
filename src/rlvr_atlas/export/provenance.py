"""W3C PROV-JSON of a mix, down to the row, by the `prov` library.

Every row of the mix is an entity that was derived from the row it was taken from, and that from the row where
its lineage ends. No times are stated: the same workspace gives the same bytes.
"""

from __future__ import annotations

import json
from typing import Any

from rlvr_atlas import __version__
from rlvr_atlas.errors import MissingExtraError
from rlvr_atlas.export.facts import NAMESPACE, Facts, row_name


def prov(facts: Facts) -> dict[str, bytes]:
    """The document.

    Args:
        facts: Of the mix.

    Returns:
        File name -> content.

    Raises:
        MissingExtraError: If the library is not installed.
    """
    try:
        from prov.model import ProvDocument
    except ImportError:
        raise MissingExtraError("export", "PROV-JSON") from None
    document = ProvDocument()
    atlas = document.add_namespace("atlas", NAMESPACE)
    mix, curation = atlas[f"mix/{facts.name}"], atlas[f"curation/{facts.name}"]
    settings = facts.settings.model_dump_json(exclude={"template"})
    document.activity(
        curation, other_attributes={atlas["seed"]: facts.settings.seed, atlas["settings"]: settings}
    )
    document.agent(atlas["software"], {"prov:type": "prov:SoftwareAgent", atlas["version"]: __version__})
    document.wasAssociatedWith(curation, atlas["software"])
    document.entity(mix, {"prov:type": "prov:Collection", **_stated(atlas, license=facts.license)})
    document.wasGeneratedBy(mix, curation)
    for entry in facts.datasets.iter_rows(named=True):
        known = {key: entry[key] for key in ("title", "spdx", "hub_id", "revision", "content_sha256")}
        document.entity(atlas[entry["dataset"]], {"prov:type": "prov:Collection", **_stated(atlas, **known)})
        if entry["dataset"] in facts.settings.considered:
            document.used(curation, atlas[entry["dataset"]])
            document.wasDerivedFrom(mix, atlas[entry["dataset"]], activity=curation)
    _rows(document, atlas, facts, mix)
    # Parsed and written again only so that names stay in their order and no line is endless.
    content = json.dumps(json.loads(document.serialize(format="json") or ""), indent=0, ensure_ascii=True)
    return {f"{facts.name}.prov.json": content.encode("ascii") + b"\n"}


def _rows(document: Any, atlas: Any, facts: Facts, mix: Any) -> None:  # noqa: ANN401 (the library has no types)
    seen: set[str] = set()

    def entity(name: str, dataset: str) -> Any:  # noqa: ANN401
        if name not in seen:
            seen.add(name)
            document.entity(atlas[name])
            document.hadMember(atlas[dataset], atlas[name])
        return atlas[name]

    for row in facts.mix.iter_rows(named=True):
        of_mix = atlas[f"mix/{facts.name}/{row['index']}"]
        told = {key: row[key] for key in ("key", "action", "atomic_source", "license")}
        document.entity(of_mix, _stated(atlas, **told))
        document.hadMember(mix, of_mix)
        taken = row_name(row["dataset"], row["row"])
        document.wasDerivedFrom(of_mix, entity(taken, row["dataset"]))
        if row["root_dataset"] is not None:
            root = row_name(row["root_dataset"], row["root_row"])
            if root != taken:
                document.wasDerivedFrom(atlas[taken], entity(root, row["root_dataset"]))


def _stated(atlas: Any, **facts: object) -> dict[Any, Any]:  # noqa: ANN401
    """Attributes of what is known; an unknown is left out, because PROV has no null."""
    return {atlas[key]: value for key, value in facts.items() if value is not None}
