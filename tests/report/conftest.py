"""Invented workspaces of any size, and one whose every text is out to harm."""

import datetime as dt
import hashlib
import random

import polars as pl
import pytest

from rlvr_atlas.audit import audit
from rlvr_atlas.config import AuditSettings
from rlvr_atlas.report.tables import SCHEMAS

#: Made by the audit from the others.
AUDITED = ("leaks", "unjudged", "leak_rates", "leak_paths", "benchmark_families")

HOSTILE = (
    '</script><script>alert("1")</script>\'"><img src=x onerror=alert(2)>]]>&amp;\u202e\x00\x1b[31m{{ 7*7 }}'
)
TIERS = {"identical": "exact", "reworded": "lexical", "variant": "lexical", None: None}
PROBABILITIES = {"identical": 1.0, "reworded": 0.9, "variant": 0.8, None: None}


def key(text):
    return hashlib.sha1(text.encode()).hexdigest()


def prompt(number, wording):
    """An invented problem: 0 as its source has it, 1 in other words, 2 with another number."""
    objects = ("pears", "lanterns", "marbles", "kites")[number % 4]
    a, b = number % 97 + 2 + (wording == 2), number % 89 + 3
    if wording == 1:
        return (
            f"There are {b} crates, and Mira puts {a} {objects} in each. Count the {objects}. (lot {number})"
        )
    return (
        f"Mira packs {a} {objects} into each of {b} crates. How many {objects} does she pack? (lot {number})"
    )


def between(parent, child):
    """The relation of two wordings of one problem."""
    return "identical" if parent == child else "variant" if 2 in (parent, child) else "reworded"


class World:
    """Sources, benchmarks drawn from them, and train sets that copy, reword and renumber both."""

    def __init__(self, *, datasets, rows, seed=0):
        self.rng = random.Random(seed)
        self.rows = {name: [] for name in SCHEMAS if name not in AUDITED}
        self.held = {}  # (number, wording) of every row, by dataset
        few = max(datasets // 5, 1)
        roles = {"source": few, "benchmark": few, "train": datasets - 2 * few}
        self.names = {role: [f"{role}_{place:02d}" for place in range(roles[role])] for role in roles}
        self.order = [name for role in roles for name in self.names[role]]
        for rank, name in enumerate(self.order):
            released = dt.date(2020, 3, 1) + dt.timedelta(days=rank * 2200 // datasets)
            self.add_dataset(name, rank, released, max(rows // datasets, 4))
        self.add_the_rest(self.names["train"][0])

    def add_dataset(self, name, rank, released, size):
        rng, role = self.rng, name.split("_")[0]
        upstream = rng.sample(self.names["source"], min(len(self.names["source"]), rng.randint(1, 3)))
        if role == "train":
            upstream.append(rng.choice(self.names["benchmark"]))
        documented = [other for other in upstream if rng.random() < 0.6] if role != "source" else []
        counts = {}
        for row in range(size):
            place, relation, parent = (rank * 1_000_000 + row, 0), None, {}
            if role != "source" and rng.random() < 0.9:
                other = rng.choice(upstream)
                above = rng.choice(self.held[other])
                place = (above[0], rng.choices((above[1], 1, 2), (6, 2, 1))[0])
                relation = between(above[1], place[1])
                parent = {"parent_dataset": other, "parent_row": 0, "parent_key": key(prompt(*above))}
                counts[other, relation] = counts.get((other, relation), 0) + 1
            self.add_row(name, row, released=released, place=place, relation=relation, parent=parent)
        self.rows["edges"] += [
            {
                "child": name,
                "parent": other,
                "relation": relation,
                "rows": count,
                "documented": other in documented,
            }
            for (other, relation), count in sorted(counts.items())
        ]
        self.rows["datasets"].append(
            {
                "dataset": name,
                "role": role,
                "title": f"Invented set {name}",
                "released": released,
                "license": rng.choice(["MIT", "CC BY-NC 4.0", None]),
                "rows": size,
                "distinct_prompts": len(set(self.held[name])),
                "content_sha256": hashlib.sha256(name.encode()).hexdigest(),
                "derived_from": documented,
                "rank": rank,
            }
        )

    def add_row(self, name, row, *, released, place, relation, parent):
        self.held.setdefault(name, []).append(place)
        known = place[0] // 1_000_000 < len(self.names["source"])
        here = {"key": key(prompt(*place)), "dataset": name, "row": row}
        how = {"relation": relation, "tier": TIERS[relation], "probability": PROBABILITIES[relation]}
        self.rows["occurrences"].append({**here, "released": released, "answer": str(place[0] % 50)})
        source = self.names["source"][place[0] // 1_000_000] if known else None
        self.rows["lineage"].append({**here, **how, **parent, "atomic_source": source, "decided_by": "auto"})
        if relation in ("reworded", "variant"):
            agree = relation != "variant" and self.rng.random() > 0.05
            evidence = {"lexical": round(self.rng.random(), 4), "answers_agree": agree, "changed": "5 6"}
            match = {"child": here["key"], "parent": parent["parent_key"], **how, "evidence": evidence}
            self.rows["matches"].append(match)

    def add_the_rest(self, name):
        places = sorted({place for held in self.held.values() for place in held})
        self.rows["instances"] = [
            {
                "key": key(prompt(*place)),
                "prompt": prompt(*place),
                "skeleton": prompt(*place),
                "language": "en",
                "answer": "12",
            }
            for place in places
        ]
        self.add_unlikely_matches(self.names["train"][-1])
        file = {"dataset": name, "file": "a.jsonl"}
        conflict = {"declared_source": "source-0", "declared_atomic_source": "source_00", "rows": 7}
        self.rows["conflicts"] = [
            {"dataset": name, **conflict, "traced_atomic_source": "source_01", "example_row": 3}
        ]
        self.rows["schemas"] = [
            {**file, "format": "jsonl", "part": part, "path": path, "decided_by": "detected", "rows": 9}
            for part, path in (
                ("prompt", "prompt[role=user].content"),
                ("answer", "reward_model.ground_truth"),
            )
        ]
        self.rows["templates"] = [
            {
                "dataset": name,
                "position": "suffix",
                "text": "Put it in a box.",
                "origin": "inferred",
                "rows": 9,
            },
            {"dataset": name, "position": "prefix", "text": "In this task,", "origin": "kept", "rows": 5},
        ]
        self.rows["skipped_rows"] = [{**file, "row": 900, "reason": "no prompt", "detail": "prompt is null"}]

    def add_unlikely_matches(self, name):
        """Some rows that are new there are like items of a benchmark, but not enough to be called leaks."""
        matched = {match["child"] for match in self.rows["matches"]}
        item = key(prompt(*self.held[self.names["benchmark"][0]][0]))
        new = [
            key(prompt(*place)) for place in self.held[name] if place[0] // 1_000_000 == len(self.order) - 1
        ]
        evidence = {"lexical": 0.4, "answers_agree": True, "changed": None}
        self.rows["matches"] += [
            {
                "child": child,
                "parent": item,
                "relation": "reworded",
                "tier": "lexical",
                "probability": 0.3,
                "evidence": evidence,
            }
            for child in new
            if child not in matched
        ]

    def tables(self):
        frames = {name: pl.DataFrame(rows, schema=SCHEMAS[name]) for name, rows in self.rows.items()}
        frames["matches"] = frames["matches"].unique(["child", "parent"], keep="first", maintain_order=True)
        return {**frames, **audited(frames)}


def audited(frames):
    """The tables of the audit over these tables; no problem has options."""
    instances = frames["instances"].with_columns(stem=pl.lit(None, pl.String))
    result = audit({**frames, "instances": instances}, AuditSettings())
    return {name: getattr(result, name) for name in AUDITED}


def grow(tables, copies):
    """Every row `copies` times, as other problems."""
    labels = pl.DataFrame({"copy": [f"-{copy:03d}" for copy in range(copies)]})

    def repeat(name, *keys):
        frame = tables[name].join(labels, how="cross")
        return frame.with_columns(pl.col(column) + pl.col("copy") for column in keys).drop("copy")

    return {
        **tables,
        "occurrences": repeat("occurrences", "key"),
        "instances": repeat("instances", "key"),
        "matches": repeat("matches", "child", "parent"),
        "lineage": repeat("lineage", "key", "parent_key"),
        "edges": tables["edges"].with_columns(pl.col("rows") * copies),
        "datasets": tables["datasets"].with_columns(pl.col("rows", "distinct_prompts") * copies),
    }


def poison(frame):
    """`HOSTILE` at the end of every text that is not one of the project's own fixed words."""
    fixed = {"role", "relation", "tier", "position", "origin", "part", "group", "unit", "came_first"}
    texts = [name for name, dtype in frame.schema.items() if dtype == pl.String and name not in fixed]
    return frame.with_columns(pl.col(name) + HOSTILE for name in texts)


@pytest.fixture(scope="session")
def manifest():
    return {
        "version": "0.1.0",
        "recipe": {"match": {"min_probability": 0.5, "seed": 0}, "workspace": {"path": "/somewhere"}},
        "stages": {
            "trace": {"fingerprint": "f", "seconds": 98.7654, "limits": ["3 long prompts were not compared"]}
        },
    }


@pytest.fixture(scope="session")
def small():
    """Seven datasets, 420 rows."""
    return World(datasets=7, rows=420).tables()


@pytest.fixture(scope="session")
def sparse():
    """Ten datasets with so few rows that some benchmark items are clean."""
    return World(datasets=10, rows=80).tables()


@pytest.fixture(scope="session")
def large():
    """The size of the real corpus: 82 datasets, 328,000 rows."""
    return grow(World(datasets=82, rows=8_200).tables(), 40)


@pytest.fixture(scope="session")
def hostile(small):
    return {name: poison(frame) for name, frame in small.items()}


@pytest.fixture(scope="session")
def hostile_text():
    return HOSTILE
