"""A world small enough to train in thousands of times: one-token answers, a policy of few parts, real GRPO.

A problem is a family and two digits, its answer one of ten tokens. A family follows a rule (a sum, a product,
a maximum, ...) or none, so that it can only be learnt by heart. The policy knows what each rule would answer,
and has to learn which to trust: a weight for each rule in each family, one in each group of families, and a
memory of every single problem. The first two carry over to other problems, the memory does not; a wrong label
teaches a wrong rule or nothing. A base is trained by examples first, on some families more than on others.
Then each dataset trains it by GRPO for as many steps. The gain is exact: mean probability of the right token
on held-out problems, after less before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

TOKENS = 10
#: How two digits become one.
_RULES = (
    lambda a, b: (a + b) % 10,
    lambda a, b: (a - b) % 10,
    lambda a, b: (a * b) % 10,
    np.maximum,
    np.minimum,
    lambda a, b: (2 * a + b) % 10,
    lambda a, b: a,
    lambda a, b: np.abs(a - b),
    lambda a, b: (a + 3 * b) % 10,
    lambda a, b: (a * a + b) % 10,
    lambda a, b: (b + 7) % 10,
    lambda a, b: (a * b + a) % 10,
)
#: Families: some share a rule, the last two follow none.
FAMILIES, GROUPS, WITHOUT_RULE = 16, 4, 2
#: Answers to each problem by the base before anything is trained, and in a group of GRPO.
K, GROUP = 16, 8
_RATE, _BATCH = 0.05, 32

#: Weights of the rules by family (families, rules) and by group (groups, rules), memory (problems, tokens).
Policy = list[Floats]


@dataclass(frozen=True)
class Setting:
    """What makes one world unlike another.

    Attributes:
        seed: Where randomness begins.
        examples: Steps of training by examples that the base had.
        spread: How evenly these fall on the families: small for a base that knows few of them well.
        adversarial: Whether the wrong labels of a family follow one wrong rule, and are not any token.
        noise: Largest share of wrong labels in a dataset.
        copied: Largest mean number of rows for a problem.
        leaked: Largest share of rows that are held-out problems.
        sizes: Fewest and most rows of a dataset.
        steps: Of GRPO.
    """

    seed: int
    examples: int = 150
    spread: float = 0.8
    adversarial: bool = False
    noise: float = 0.5
    copied: float = 4.0
    leaked: float = 0.3
    sizes: tuple[int, int] = (24, 768)
    steps: int = 80


@dataclass
class World:
    """A base and all problems.

    Attributes:
        setting: What it was made from.
        family: (problems,)
        told: (problems, rules) what each rule would answer.
        answers: (problems,) right tokens.
        wrong: (problems,) a wrong token each, by another rule where that is how labels are wrong.
        held_out: (problems,) which are judged on.
        weights: (problems,) of the held-out ones in the score, sum 1.
        base: The policy that training begins with.
    """

    setting: Setting
    family: Ints
    told: Ints
    answers: Ints
    wrong: Ints
    held_out: NDArray[np.bool_]
    weights: Floats
    base: Policy

    @classmethod
    def of(cls, setting: Setting) -> World:
        """Make the problems and train the base by examples."""
        rng = np.random.default_rng(setting.seed)
        family, a, b = (part.ravel() for part in np.mgrid[0:FAMILIES, 0:10, 0:10])
        told = np.stack([rule(a, b) for rule in _RULES], axis=1).astype(np.int64)
        rules, others = (rng.integers(0, len(_RULES), FAMILIES) for _ in range(2))
        others = np.where(others == rules, (rules + 1) % len(_RULES), others)
        every = np.arange(len(family))
        answers, wrong = told[every, rules[family]], told[every, others[family]]
        unruly = family >= FAMILIES - WITHOUT_RULE
        answers = np.where(unruly, rng.integers(0, TOKENS, len(family)), answers)
        any_other = (answers + rng.integers(1, TOKENS, len(family))) % TOKENS
        wrong = np.where((wrong == answers) | (not setting.adversarial), any_other, wrong)
        held_out = rng.random(len(family)) < 0.35
        wanted = rng.dirichlet(np.full(FAMILIES, 2.0))
        weights = np.where(held_out, wanted[family], 0.0)
        policy = [
            rng.normal(0, 0.3, (FAMILIES, len(_RULES))),
            rng.normal(0, 0.3, (GROUPS, len(_RULES))),
            np.zeros((len(family), TOKENS)),
        ]
        world = cls(setting, family, told, answers, wrong, held_out, weights / weights.sum(), policy)
        shown = rng.dirichlet(np.full(FAMILIES, setting.spread))[family] * ~held_out
        world._show_examples(shown / shown.sum(), rng)
        return world

    def probabilities(self, policy: Policy, problems: Ints) -> Floats:
        """(n, TOKENS) of each problem."""
        trust = policy[0][self.family[problems]] + policy[1][self.family[problems] % GROUPS]
        logits = policy[2][problems].copy()
        row = np.arange(len(problems))
        for rule, says in enumerate(self.told[problems].T):
            logits[row, says] += trust[:, rule]
        likely = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(likely / likely.sum(axis=1, keepdims=True))

    def gradient(self, problems: Ints, up: Floats) -> Policy:
        """Gradient of each part of the policy, where that on the logits (n, TOKENS) is known."""
        of_rules = np.take_along_axis(up, self.told[problems], axis=1)
        by_family, by_group = np.zeros((FAMILIES, len(_RULES))), np.zeros((GROUPS, len(_RULES)))
        np.add.at(by_family, self.family[problems], of_rules)
        np.add.at(by_group, self.family[problems] % GROUPS, of_rules)
        memory = np.zeros_like(self.base[2])
        np.add.at(memory, problems, up)
        return [by_family, by_group, memory]

    def score(self, policy: Policy) -> float:
        """Mean probability of the right token on the held-out problems, by their weights."""
        chosen = np.flatnonzero(self.held_out)
        likely = self.probabilities(policy, chosen)
        return float(self.weights[chosen] @ likely[np.arange(len(chosen)), self.answers[chosen]])

    def answered(self, problems: Ints, times: int, rng: np.random.Generator) -> Ints:
        """(n, times) tokens that the base answers."""
        return sampled(self.probabilities(self.base, problems), times, rng)

    def _show_examples(self, chance: Floats, rng: np.random.Generator) -> None:
        adam = Adam(self.base)
        for _ in range(self.setting.examples):
            batch = rng.choice(len(chance), _BATCH, p=chance)
            up = -self.probabilities(self.base, batch)
            up[np.arange(len(batch)), self.answers[batch]] += 1
            adam.step(self.base, self.gradient(batch, up / len(batch)))


class Adam:
    """Adam (Kingma and Ba 2015), upwards; the policy is moved in place."""

    def __init__(self, policy: Policy) -> None:
        self._step = 0
        self._first, self._second = ([np.zeros_like(part) for part in policy] for _ in range(2))

    def step(self, policy: Policy, up: Policy) -> None:
        """One step."""
        self._step += 1
        for at, slope in enumerate(up):
            self._first[at] += 0.1 * (slope - self._first[at])
            self._second[at] += 0.001 * (slope**2 - self._second[at])
            mean = self._first[at] / (1 - 0.9**self._step)
            spread = self._second[at] / (1 - 0.999**self._step)
            policy[at] += _RATE * mean / (np.sqrt(spread) + 1e-6)


def sampled(likely: Floats, times: int, rng: np.random.Generator) -> Ints:
    """(n, times) tokens."""
    ends = likely.cumsum(axis=1)
    return np.asarray((rng.random((len(likely), times))[:, :, None] > ends[:, None, :-1]).sum(axis=2))


def on_logits(likely: Floats, answers: Ints, labels: Ints) -> Floats:
    """What GRPO asks of the logits of each problem.

    Args:
        likely: (n, TOKENS) probabilities.
        answers: (n, g) the group of each problem.
        labels: (n,) what is called right.
    """
    rewards = (answers == labels[:, None]).astype(float)
    centred = rewards - rewards.mean(axis=1, keepdims=True)
    weight = centred / (rewards.std(axis=1, keepdims=True) + 1e-6) / answers.shape[1]
    up = -weight.sum(axis=1, keepdims=True) * likely
    for nth in range(answers.shape[1]):
        up[np.arange(len(up)), answers[:, nth]] += weight[:, nth]
    return up


def train(world: World, problems: Ints, labels: Ints, seed: int) -> float:
    """GRPO on rows; the gain.

    Args:
        world: Its base is where training begins.
        problems: (rows,) numbers of problems.
        labels: (rows,) what each row calls right.
        seed: Of batches and answers.
    """
    rng = np.random.default_rng(seed)
    policy = [part.copy() for part in world.base]
    adam = Adam(policy)
    for _ in range(world.setting.steps):
        rows = rng.integers(0, len(problems), _BATCH)
        likely = world.probabilities(policy, problems[rows])
        up = on_logits(likely, sampled(likely, GROUP, rng), labels[rows]) / len(rows)
        adam.step(policy, world.gradient(problems[rows], up))
    return world.score(policy) - world.score(world.base)
