"""A few number-theoretic functions; the numbers of the demo are small, so trial division will do."""

from __future__ import annotations


def divisors(number: int) -> list[int]:
    """All positive divisors, in order."""
    return [d for d in range(1, number + 1) if number % d == 0]


def primes(number: int) -> list[int]:
    """The prime divisors, in order."""
    found, d = [], 2
    while number > 1:
        if number % d == 0:
            found.append(d)
            while number % d == 0:
                number //= d
        d += 1
    return found


def digits(n: int, b: int) -> str:
    """A positive number `n` in a base `b` of at most ten."""
    text = ""
    while n:
        text, n = str(n % b) + text, n // b
    return text


def zeros(n: int) -> int:
    """The number of zeros at the end of n factorial, for n below 390,625."""
    return sum(n // 5**k for k in range(1, 9))
