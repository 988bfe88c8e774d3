"""The process behind `Verifier`: reads pairs as JSON lines, writes one verdict a line.

Only this module imports math-verify and SymPy.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import signal
import sys

from math_verify import LatexExtractionConfig, parse, verify

from rlvr_atlas.answer.judge import Verdict
from rlvr_atlas.answer.tex import FUNCTIONS, clean

#: SymPy can ask for any amount of memory within the deadline.
MAX_MEMORY_BYTES = 4 << 30
#: Compared before the first pair: much of SymPy is imported when it is first used.
_FIRST = (r"\frac{x^2-1}{x+1}+\sqrt{2}", r"x-1+\sqrt{2}")

_LATEX = [LatexExtractionConfig()]
_TEXT = re.compile(r"\\text ?\{[^{}]*\}")
_LETTERS = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{3,}")
_NAMES = FUNCTIONS | {"sqrt", "exp", "det", "max", "min", "gcd", "lcm", "mod", "binom"}


def verdict(gold: str, other: str) -> Verdict:
    """What math-verify says of one pair; `unknown` where it cannot read both, or one is words."""
    try:
        if _is_words(gold) or _is_words(other):
            return "unknown"
        readings = [_read(gold), _read(other)]
        if not all(readings):
            return "unknown"
        return "same" if verify(*readings, timeout_seconds=None, raise_on_error=True) else "different"
    except Exception:  # whatever SymPy raises means "not judged"
        return "unknown"


def _is_words(answer: str) -> bool:
    # math-verify reads "east" as e*a*s*t and "5 apples" as 5.
    text = clean(answer)
    return bool(_TEXT.search(text)) or any(word not in _NAMES for word in _LETTERS.findall(text))


def _read(answer: str) -> list[object]:
    answer = answer.strip()
    wrapped = answer if answer.startswith("$") and answer.endswith("$") else f"${answer}$"
    parsed: list[object] = parse(
        wrapped, _LATEX, fallback_mode="no_fallback", parsing_timeout=None, raise_on_error=True
    )
    return parsed


def main() -> None:
    """Serve until the input ends."""
    # Parsers print complaints; only verdicts may reach the pipe.
    pipe = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    logging.disable(logging.CRITICAL)
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource  # not on every platform

        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    verdict(*_FIRST)
    print("ready", file=pipe, flush=True)
    deadline_s = float(sys.argv[1])
    if hasattr(signal, "SIGPROF"):
        # The default action ends the process, even inside one long call into C or after the parent died.
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
    for line in sys.stdin:
        pair = json.loads(line)
        _limit(deadline_s)
        answer = verdict(*pair)
        _limit(0)
        print(answer, file=pipe, flush=True)


def _limit(seconds: float) -> None:
    """End this process after so much processor time from now on; 0 takes the limit off."""
    if hasattr(signal, "setitimer"):  # not on every platform; there only the parent's last resort holds
        signal.setitimer(signal.ITIMER_PROF, seconds)


if __name__ == "__main__":
    main()
