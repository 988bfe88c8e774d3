"""Croissant 1.1 JSON-LD of a mix, with PROV terms for the dataset and for every row, by `mlcroissant`.

A record is typed as a `prov:Entity`, and the columns that say where it comes from are mapped to properties of
PROV, which is how Croissant carries other vocabularies down to the row.
"""

from __future__ import annotations

import hashlib
import io
import json
from typing import Any

import polars as pl

from rlvr_atlas.errors import InputError, MissingExtraError
from rlvr_atlas.export.facts import NAMESPACE, Facts

_PROV = "http://www.w3.org/ns/prov#"
#: What the library's own context lacks of version 1.1, and PROV.
_CONTEXT = {
    **{term: f"cr:{term}" for term in ("arrayShape", "containedIn", "isArray")},
    **{term: {"@container": "@language"} for term in ("description", "name")},
    "prov": _PROV,
}
#: Column -> its type, what it says, and the property of PROV or schema.org that it stands for.
_COLUMNS = {
    "index": ("Integer", "position in the mix", None),
    "prompt": ("Text", "the problem", "https://schema.org/text"),
    "answer": ("Text", "its final answer", None),
    "key": ("Text", "SHA-1 of the canonical prompt as it was", "https://schema.org/identifier"),
    "action": ("Text", "keep, add or replace", None),
    "atomic_source": ("Text", "where the problem comes from", None),
    "language": ("Text", "ISO 639-1 code", "https://schema.org/inLanguage"),
    "domain": ("Text", "math, code, logic or other", None),
    "license": ("Text", "SPDX expression of the dataset it was taken from", "https://schema.org/license"),
    "derived_from": ("URL", "the row it was taken from", f"{_PROV}wasDerivedFrom"),
    "primary_source": ("URL", "the row where its lineage ends", f"{_PROV}hadPrimarySource"),
}


def croissant(facts: Facts) -> dict[str, bytes]:
    """The description and the file that it describes.

    Args:
        facts: Of the mix.

    Returns:
        File name -> content; `croissant.json` names the other file relative to itself.

    Raises:
        MissingExtraError: If the library is not installed.
        InputError: If the library finds the description invalid.
    """
    try:
        import mlcroissant as mlc
    except ImportError:
        raise MissingExtraError("export", "Croissant") from None
    data, file = _data(facts), f"{facts.name}.parquet"
    context = _context(mlc)
    columns = [
        mlc.Field(
            ctx=context,
            id=f"rows/{name}",
            name=name,
            description=says,
            data_types=[getattr(mlc.DataType, kind.upper())],
            equivalentProperty=[same] if same else None,
            source=mlc.Source(ctx=context, file_object=file, extract=mlc.Extract(ctx=context, column=name)),
        )
        for name, (kind, says, same) in _COLUMNS.items()
    ]
    described = mlc.Metadata(
        ctx=context,
        name=facts.name,
        description=facts.summary,
        license=[_license(facts.license)],
        in_language=sorted(facts.mix["language"].unique()),
        distribution=[
            mlc.FileObject(
                ctx=context,
                id=file,
                name=file,
                content_url=file,
                encoding_formats=["application/x-parquet"],
                sha256=hashlib.sha256(data).hexdigest(),
            )
        ],
        record_sets=[
            mlc.RecordSet(
                ctx=context,
                id="rows",
                name="rows",
                data_types=[f"{_PROV}Entity"],
                key="rows/index",
                fields=columns,
            )
        ],
        extra_properties=_origin(facts),
    )
    written = described.to_json()
    try:
        mlc.Metadata.from_json(ctx=_context(mlc), json_=json.loads(json.dumps(written, default=str)))
    except mlc.ValidationError as error:
        raise InputError(f"mlcroissant finds the description invalid ({error})", where=facts.name) from None
    text = json.dumps(written, indent=1, ensure_ascii=True, default=str)
    # The description is put into web pages as it is, where "</script>" in a title would end it.
    return {"croissant.json": text.replace("<", "\\u003c").encode("ascii") + b"\n", file: data}


def _context(mlc: Any) -> Any:  # noqa: ANN401 (the library has no types)
    context = mlc.Context(conforms_to="http://mlcommons.org/croissant/1.1")
    context.rdf.context.update(_CONTEXT)
    return context


def _license(license_: str | None) -> str:
    """A page about it where it is one licence of the SPDX list, else the expression."""
    if license_ is None or " " in license_ or license_.startswith("LicenseRef-"):
        return license_ or "unknown"
    return f"https://spdx.org/licenses/{license_}.html"


def _data(facts: Facts) -> bytes:
    def uri(dataset: str, row: str) -> pl.Expr:
        return pl.format(f"{NAMESPACE}{{}}/{{}}", dataset, row)

    rows = facts.mix.with_columns(
        derived_from=uri("dataset", "row"), primary_source=uri("root_dataset", "root_row")
    )
    buffer = io.BytesIO()
    rows.select(*_COLUMNS).write_parquet(buffer)
    return buffer.getvalue()


def _origin(facts: Facts) -> dict[str, Any]:
    """Which datasets the mix was derived from, and by what."""
    used = facts.datasets.filter(pl.col("dataset").is_in(facts.settings.considered))
    return {
        "prov:wasDerivedFrom": [{"@id": f"{NAMESPACE}{name}"} for name in used["dataset"]],
        "prov:wasGeneratedBy": {"@id": f"{NAMESPACE}curation/{facts.name}", "@type": "prov:Activity"},
    }
