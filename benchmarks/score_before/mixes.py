"""Datasets of a world, and what is known of each before any training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from world import FAMILIES, GROUP, Floats, Ints, K, World, on_logits, sampled

SOURCES = FAMILIES // 2
#: Problems of which another publisher has a copy with a label of their own, and how many of these are wrong.
COPIED_ELSEWHERE, WRONG_ELSEWHERE = 0.5, 0.1
#: Right problems of the target that the gradient is compared on.
TRUSTED = 64


@dataclass(frozen=True)
class Mix:
    """A dataset.

    Attributes:
        problems: (rows,) numbers of problems.
        labels: (rows,)
        sources: (rows,) each is two families with one rate of wrong labels.
    """

    problems: Ints
    labels: Ints
    sources: Ints

    def __len__(self) -> int:
        return len(self.problems)


@dataclass(frozen=True)
class Known:
    """What is known of a dataset's distinct problems before any training.

    Attributes:
        met: (problems,) of K answers of the base, how many meet the label.
        most: (problems,) how often the commonest answer was given that is not the label.
        contradicted: (problems,) another publisher has another label; not a number where nobody else has it.
        leaked: (problems,) it is a benchmark's.
        rows: (problems,) rows that hold it.
        sources: (SOURCES,) share of the rows from each.
    """

    met: Ints
    most: Ints
    contradicted: Floats
    leaked: NDArray[np.bool_]
    rows: Ints
    sources: Floats


class Market:
    """The sources of a world and the datasets that can be made from them.

    Args:
        world: Where problems and right answers are.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        rng = np.random.default_rng(1_000 + world.setting.seed)
        dirty = rng.permutation(SOURCES) < SOURCES // 2
        self.noise = np.where(
            dirty, rng.uniform(0.1, world.setting.noise, SOURCES), rng.uniform(0, 0.03, SOURCES)
        )
        source = world.family // 2
        is_wrong = rng.random(len(source)) < self.noise[source]
        self.source, self.labels = source, np.where(is_wrong, world.wrong, world.answers)
        theirs = np.where(
            rng.random(len(source)) < WRONG_ELSEWHERE,
            (world.answers + rng.integers(1, 10, len(source))) % 10,
            world.answers,
        )
        elsewhere = rng.random(len(source)) < COPIED_ELSEWHERE
        self.contradicted = np.where(elsewhere, (theirs != self.labels).astype(float), np.nan)
        #: Held-out problems that are judged on are in no dataset; the other half may leak.
        self.open = np.flatnonzero(~world.held_out)
        self.leakable = np.flatnonzero(world.held_out & (np.arange(len(source)) % 2 == 1))
        world.weights = np.where(np.arange(len(source)) % 2 == 0, world.weights, 0)
        world.weights /= world.weights.sum()
        self.answered = world.answered(np.arange(len(source)), K, rng)

    def draw(self, rng: np.random.Generator, rows: int | None = None) -> Mix:
        """A dataset of any size, purity and breadth."""
        setting = self.world.setting
        low, high = np.log(setting.sizes)
        rows = rows or int(np.exp(rng.uniform(low, high)))
        share = rng.dirichlet(np.full(SOURCES, rng.choice([0.2, 0.6, 2.0])))
        distinct = max(8, int(rows / rng.uniform(1, setting.copied)))
        leaks = rng.uniform(0, setting.leaked) * (rng.random() < 0.5)
        from_benchmark = rng.random(distinct) < leaks
        chosen = np.where(
            from_benchmark,
            self._of_sources(self.leakable, share, distinct, rng),
            self._of_sources(self.open, share, distinct, rng),
        )
        chosen = np.concatenate([chosen, rng.choice(chosen, max(rows - distinct, 0))])
        return Mix(chosen, self.labels[chosen], self.source[chosen])

    def whole(self, source: int) -> Mix:
        """All of one source."""
        chosen = self.open[self.source[self.open] == source]
        return Mix(chosen, self.labels[chosen], self.source[chosen])

    def known(self, mix: Mix) -> Known:
        """What is known of a dataset."""
        problems, rows = np.unique(mix.problems, return_counts=True)
        answers, labels = self.answered[problems], self.labels[problems]
        counts = (answers[:, :, None] == np.arange(10)).sum(axis=1)
        met = counts[np.arange(len(problems)), labels]
        counts[np.arange(len(problems)), labels] = 0
        return Known(
            met,
            counts.max(axis=1),
            self.contradicted[problems],
            np.isin(problems, self.leakable),
            rows,
            np.bincount(mix.sources, minlength=SOURCES) / len(mix),
        )

    def gradients(self, mixes: list[Mix], rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Product and cosine of the gradient of each dataset with that of a few trusted target problems."""
        world = self.world
        trusted = rng.choice(len(world.weights), TRUSTED, p=world.weights)
        wanted = self._gradient(trusted, world.answers[trusted], rng)
        found = [self._gradient(mix.problems, mix.labels, rng) for mix in mixes]
        product = np.array([one @ wanted for one in found])
        lengths = np.array([np.linalg.norm(one) for one in found]) * np.linalg.norm(wanted)
        return product, product / np.maximum(lengths, 1e-12)

    def _gradient(self, problems: Ints, labels: Ints, rng: np.random.Generator) -> Floats:
        likely = self.world.probabilities(self.world.base, problems)
        up = on_logits(likely, sampled(likely, GROUP, rng), labels) / len(problems)
        parts = self.world.gradient(problems, up)
        return np.concatenate(
            [part.ravel() for part in parts[:2]]
        )  # the memory of one problem helps no other

    def _of_sources(self, among: Ints, share: Floats, n: int, rng: np.random.Generator) -> Ints:
        size = np.bincount(self.source[among], minlength=SOURCES)
        chance = (share / np.maximum(size, 1))[self.source[among]]
        return np.asarray(rng.choice(among, n, p=chance / chance.sum()))
