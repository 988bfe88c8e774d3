"""What a stranger can read out of a text-free index: the words of an item, guessed from its sketch.

Run: python benchmarks/index_attack.py WORKSPACE BENCHMARK VOCABULARY

The stranger holds the index and a training set whose words are like the benchmark's (VOCABULARY, a dataset of
the workspace). For each word he computes how likely the sketch is if the word is in the text and if it is not
(naive Bayes), and takes the words that are more likely in it.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import numpy as np

from rlvr_atlas import fingerprints
from rlvr_atlas.match import minhash
from rlvr_atlas.text.tokens import Parts, lexicon
from rlvr_atlas.workspace.store import Workspace


def words_of(skeleton: str) -> set[str]:
    """The words that enter a sketch."""
    return set(Parts.of(skeleton).masked) - lexicon().function_words


def guess(sketch: np.ndarray, hashes: np.ndarray, prior: np.ndarray, length: float) -> np.ndarray:
    """Positions of the words that are more likely in the text than not.

    Args:
        sketch: (permutations,) of the item.
        hashes: (words, permutations) full MinHash values of each word alone.
        prior: (words,) share of texts that hold the word.
        length: Words of the text, roughly.
    """
    smallest = np.exp(-length * hashes / 2.0**32)  # that no other word has a smaller value
    equal = (hashes & 0xFF) == sketch
    inside = np.where(equal, smallest + (1 - smallest) / 256, (1 - smallest) * 255 / 256)
    outside = np.where(equal, 1 / 256, 255 / 256)
    evidence = np.log(np.maximum(inside, 1e-12) / outside).sum(axis=1)
    return np.flatnonzero(evidence + np.log(prior / (1 - prior + 1e-9)) > 0)


def main() -> int:
    """Attack 100 items and count."""
    folder, benchmark, vocabulary = sys.argv[1:]
    workspace = Workspace(Path(folder))
    occurrences, instances = workspace.read("occurrences"), workspace.read("instances")
    index = fingerprints.build(occurrences, instances, workspace.read("datasets"))
    texts = dict(instances.select("key", "skeleton").iter_rows())
    known = occurrences.filter(dataset=vocabulary)["key"].unique(maintain_order=True)
    frequency = Counter(word for key in known for word in words_of(texts[key]))
    words = sorted(frequency)
    prior = np.array([frequency[word] / len(known) for word in words])
    hashes = minhash.signatures([[f"{word} 0"] for word in words], seed=fingerprints.Printer(index.salt).seed)
    items = index.places.with_row_index("item").filter(benchmark=benchmark)
    right = guessed = there = 0
    for item, row in items.sample(min(100, items.height), seed=0).select("item", "row").iter_rows():
        truth = words_of(texts[occurrences.filter(dataset=benchmark, row=row)["key"].item()])
        length = 0.6 * index.prints.frame["length"][item]
        found = guess(index.prints.sketch[item], hashes.astype(np.int64), prior, length)
        mine = {words[at] for at in found}
        right, guessed, there = right + len(mine & truth), guessed + len(mine), there + len(truth)
    print(f"{benchmark}, with the {len(words)} words of {vocabulary} as dictionary:")
    print(f"guessed: {right / there:.1%} of the distinct words")
    print(f"right: {right / max(1, guessed):.1%} of the guesses")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
