"""What the search alone knows of a pair: names of numbers. Apart, so that a look-up need not load SciPy."""

#: What the search alone knows of a pair, as numbers; not a number where it is unknown.
SEARCHED = (
    "bm25",  # score of the parent as a share of what the child's own text scores
    "bm25_gap",  # how far below the best candidate of the same text
    "crowding",  # how many candidates score at least nine tenths of the best: high among templated problems
    "neighbours",  # the same count over all texts, later ones and those of the child's own dataset too
    "child_terms",  # share of the one's terms, weighed by rarity, that the other holds
    "parent_terms",
    "number_sets",  # Jaccard similarity of the sets of numbers
    "forms",  # normal forms of the answers: 1 equal, 0 not
    "stretch",  # logarithm of how much longer the child is
    "cosine",  # of the two embeddings
    "cosine_gap",  # how far below the best candidate of the same text
)
