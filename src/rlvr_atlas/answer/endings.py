"""What a text states as its answer in words: "the answer is", in many languages."""

from __future__ import annotations

import re

from rlvr_atlas.answer.tex import NOTATION

#: Where a text states its answer: at its end, else at its beginning.
_END_CHARS, _BEGINNING_CHARS = 500, 200

_PHRASES = "|".join(phrase for phrases in NOTATION["endings"].values() for phrase in phrases)
_STATED = re.compile(rf"(?:{_PHRASES})[ \t:*]{{0,9}}([^\n]{{1,300}})", re.I | re.M)
_ARTICLE = r"(?:the |la |die |il )?(?:final |correct |richtige )?"
_ONLY = re.compile(rf"{_ARTICLE}(?:{_PHRASES})[ \t:]{{0,9}}(\S[^\n]{{0,300}})", re.I)
_ADVERB = re.compile(
    r"^\s{0,3}(?:thus|therefore|then|simply|just|clearly|equal to|donc|entonces|also|daher)\s", re.I
)
_SENTENCE_END = re.compile(
    r"[.。．।](?=\s|$|\*)|[。！；؛]|\*\*|,? (?:which|because|since|as|so|regardless|for|when|if|where) "
    r"|[,，]\s?(?:因|所以|故|即|其中|理由|because|porque|denn|weil|car|vì|потому)"
)
_CLOSING = re.compile(rf" ?(?:{'|'.join(sorted(NOTATION['closings']['words'], key=len, reverse=True))})$")
#: A number, something in TeX, one word, or a letter.
_ANSWERLIKE = re.compile(r"[\d\\$]|^\S+$|^(?i:option|choice|opción|phương án|вариант|option) \S+$")
_WORD = re.compile(r"(?<![\\A-Za-z])[^\W\d_]{2,}")
#: A sentence in Chinese about one number: who or what comes first, the number with its unit last.
_HAN_SENTENCE = re.compile(r"[\u4e00-\u9fff、的 “”]{1,30}?(-?[\d$\\][^,;，；]{0,60})")
_DENIED = re.compile(r"[不没无非未]")
#: Full-width signs, as one character each so that places stay.
_WIDE = str.maketrans("：，（）＝", ":,()=")


def stated(text: str) -> str | None:
    """What follows "the answer is"; None where that is a clause and not an answer.

    Args:
        text: A worked solution or a response.
    """
    if "```" in text:  # in a program, "answer is" speaks of a variable
        return None
    for part in (text[-_END_CHARS:], text[:_BEGINNING_CHARS]):
        for match in reversed(list(_STATED.finditer(part.translate(_WIDE)))):
            if found := _answer(part[match.start(1) : match.end(1)]):
                return found
    return None


def without_lead(text: str) -> str | None:
    """The answer of a field that is one line with "the answer is" in front; None where it has none."""
    match = _ONLY.fullmatch(text.translate(_WIDE))
    return text[match.start(1) :] if match else None


def _answer(line: str) -> str | None:
    found = _SENTENCE_END.split(_ADVERB.sub("", line).strip(), maxsplit=1)[0].strip(" *:：")
    found = _CLOSING.sub("", found).strip(' *«»"“”')
    if found.startswith("<"):
        found = found[1:].removesuffix(">")
    if (match := _HAN_SENTENCE.fullmatch(found)) and not _DENIED.search(found[: match.start(1)]):
        found = match[1].strip()
    if not found or "\\boxed" in found or not _ANSWERLIKE.search(found) or len(_WORD.findall(found)) > 5:
        return None
    return found
