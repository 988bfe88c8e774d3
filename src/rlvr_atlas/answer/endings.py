"""What a text states as its answer in words: "the answer is", in many languages (`endings.toml`)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources

#: Where a text states its answer: at its end, else at its beginning.
_END_CHARS, _BEGINNING_CHARS = 500, 200
_MAX_REST = 300
#: A field that denies an answer and is longer is prose about the problem.
_MAX_DENIAL = 120
_MAX_WORDS, _MAX_UNIT_WORDS, _MAX_BARE_WORDS = 5, 4, 2

#: One character for one, so that places stay: full-width signs, marks of bold type, traditional signs.
_PLAIN = str.maketrans(
    "：，（）＝　＊*選項應結終確為爲題擇對錯誤設無問單個說須實這處",
    ":,()=   选项应结终确为为题择对错误设无问单个说须实这处",
)
#: Scripts that are written without spaces between words, or join words.
_JOINED = frozenset(("zh", "ja", "ko", "th", "ar", "hi"))
_BORDER_LEFT, _BORDER_RIGHT = r"(?<![^\W\d_])", r"(?![^\W\d_])"
_GAP = r"(?:[ \t_}]|</\w{1,6}>){0,6}"
_THEREFORE = (
    r"(?:(?:and |so |thus|hence|therefore|then|consequently|donc|alors|ainsi|also|somit|daher|damit|folglich"
    r"|dus|por (?:lo )?tanto|portanto|logo|entonces|quindi|dunque|perciò|значит|следовательно|итак|więc|zatem"
    r"|jadi|vậy|do đó|suy ra|إذن|إذا|وبالتالي|所以|因此|故|综上(?:所述)?|可知|从而|于是|则|よって|したがって"
    r"|ゆえに|따라서|그러므로)[ ,、]{0,3}){0,2}"
)
_LETTERS = r"\(?(?-i:[A-H]{1,5}|[A-H](?:(?:\s?[、,/&]\s?| (?:and|und|et|y|e|и) |和|与)[A-H]){1,4})\)?"
_NUMBER = r"\$[^$\n]{1,60}\$|-?\d[\d.,/]{0,30}(?<![.,/])"
_CLAUSE = r"(?:^|[\n.,;:!?。；！？>\"“])[ \t]{0,4}"
_STOP = r"""(?=[ )」』”"'’_]{0,4}(?:$|[\n.,;!。；！|]|(?:because|since|as|因为|porque|denn|car|vì) ))"""
_CLAUSE_BREAK = re.compile(r"[.,;:!?。；！？\n]")

_ADVERB = re.compile(
    r"^\s{0,3}(?:thus|therefore|then|simply|just|clearly|indeed|hence|equal to|given by|exactly|donc|entonces"
    r"|also|daher|somit|следовательно|quindi|portanto)\s",
    re.I,
)
#: What is before a letter or a number and says nothing: "la B", "the number 5".
_ARTICLE = re.compile(r"^(?:the|la|el|le|die|das|der|il|a|o)\s(?=\(?[A-H]\)?\W*$|[\d$\\])", re.I)
_SENTENCE_END = re.compile(
    r"[.。．।](?=\s|$|\*)|[。！；؛]|\*\*|,? (?:which|because|since|as|so|regardless|for|when|if|where) "
    r"|[,，]\s?(?:因|所以|故|即|其中|理由|而?不是|because|porque|denn|weil|car|vì|потому)"
    r"|,? (?:and |but )?(?:not|nicht|rather than|instead of|а не|y no|et non|e non|e não) "
)
#: A number, something in TeX, one word, or a letter.
_ANSWERLIKE = re.compile(r"[\d\\$]|^\S+$|^(?i:option|choice|opción|phương án|вариант|option) \S+$")
_VALUE = re.compile(r"[-+±≈~<>≤≥€£¥₹₩√−]{0,2}\s?[$\\(\[{\d]|[A-Za-z]\s?=\s?\S|[A-H]$")
_ONE_WORD = re.compile(r"[^\W\d_]{1,30}")
_LISTED = re.compile(r"\(?\d{1,2}[.)]\s+\S")
_WORD = re.compile(r"(?<![\\A-Za-z])[^\W\d_]{2,}")
_MARKUP = re.compile(r"^(?:\s*(?:</\w{1,6}>|\}))+|(?:</?\w{1,6}>\s*)+$")
_QUESTION = re.compile(r"[?？؟]|[吗呢]$")
#: The last sentence of the prompt that many models were given.
_HOPE = re.compile(r"[.\s]{1,3}I hope (?:it|this) is correct[.!]?\s*$")
#: A sentence in Chinese about one number: who or what comes first, the number with its unit last.
_HAN_SENTENCE = re.compile(r"[\u4e00-\u9fff、的 “”]{1,30}?(-?[\d$\\][^,;，；]{0,60})")
_DENIED = re.compile(r"[不没无非未]")


@dataclass(frozen=True)
class _Language:
    """How one language states an answer.

    Args:
        stems: Of these, one is in every statement.
        lead: What comes before an answer; its groups say which kind of statement it is.
        opening: The same at the beginning of a text.
        line: The word for the answer where it opens a line: a heading, "Answer. 5", "Answer 5".
        first: A statement that begins with the answer (group 1 or 2): "B is correct".
        denied: How a denied answer begins.
        denied_last: How it ends.
        about: What is said about an answer and is none.
        perhaps: What makes of the statement behind it a condition or a doubt.
    """

    stems: tuple[str, ...]
    lead: re.Pattern[str]
    opening: re.Pattern[str]
    line: re.Pattern[str]
    first: re.Pattern[str] | None
    denied: re.Pattern[str] | None
    denied_last: re.Pattern[str] | None
    about: re.Pattern[str] | None
    perhaps: re.Pattern[str] | None


@dataclass(frozen=True)
class _Statement:
    """A place where a text says that an answer follows.

    Args:
        at: Where the rest begins.
        kind: `denied`, `said` (with a verb), `marked` (by a sign) or `first` (it begins with
            the answer); behind `must`, `work`, `bare` and `heading` only a line that is a value counts.
        rest: The rest of the line, or the answer of a statement that begins with it.
        is_last: Whether the text ends with this line.
        language: Whose words these are.
    """

    at: int
    kind: str
    rest: str
    is_last: bool
    language: _Language


def _either(words: Sequence[str]) -> str:
    # The longer one first: of "resp" and "respuesta" the alternation takes the first that fits.
    plain = (word.translate(_PLAIN_WORDS) for word in words)
    return f"(?:{'|'.join(sorted(plain, key=len, reverse=True))})" if words else "(?!)"


#: Asterisks and commas of an expression are its own.
_PLAIN_WORDS = {key: value for key, value in _PLAIN.items() if key != ord("*")}


def _language(name: str, table: dict[str, list[str]]) -> _Language:
    border = name not in _JOINED
    left, right = (_BORDER_LEFT, _BORDER_RIGHT) if border else ("", "")
    noun = f"{left}{_either(table.get('answer', []))}{''.join(table.get('after', []))}"
    work = f"{left}{_either(table.get('work', []))}"
    verb = f"{_either(table.get('is', []))}{right}"
    sign = r"(?::|[-—–→](?=[ \t]))"
    bracketed = rf"[【\[〖「]\s?{_either(table.get('before', []))}{{0,3}}{noun}\s?[】\]〗」]:?"
    lead = (
        rf"(?P<denied>{noun}{_GAP}{_either(table.get('isnt', []))}{right})"
        rf"|(?P<must>{_either(table.get('must', []))}{right})"
        rf"|(?P<said>{noun}{_GAP}{verb}(?!{_GAP}:)|{_either(table.get('leads', []))})"
        rf"|(?P<marked>{noun}{_GAP}(?:{verb}{_GAP})?{sign}|{bracketed})"
        rf"|(?P<work>{work}{_GAP}(?:{verb if border else ':'}|:))"
    )
    before = _either(table.get("before", []))
    line = (
        rf"(?:(?P<opens>^[ \t#>\-]{{0,9}}(?:\\[a-z]{{4,13}} ?\{{)?(?:<\w{{1,6}}>)?)|(?<=[.!?)$。] ))"
        rf"(?P<noun>{before}{{0,3}}(?:{noun}|(?P<work>{work}))){right}{_GAP}(?P<stop>[.:]{{0,2}}){_GAP}"
        rf"(?P<break>\n\s{{0,9}}(?:[-=_]{{3,40}}\s{{1,3}})?)?"
    )
    flags = re.I | re.M
    correct = table.get("correct")
    value = (
        rf"(?:{left}{_either(table.get('option', []))}[ \t]{{0,4}}({_LETTERS})"
        rf"|{_CLAUSE}{_THEREFORE}({_LETTERS}|{_NUMBER}))"
    )
    last = f"{_either(table['last'])}?" if "last" in table else ""
    about = rf"{_either(table.get('about', []))}(?:{'$' if not border else right}|(?=\W))"
    return _Language(
        stems=tuple(stem.translate(_PLAIN_WORDS) for stem in table["stems"]),
        lead=re.compile(lead, flags),
        opening=re.compile(rf"[\s#>\-]{{0,9}}{_THEREFORE}{before}{{0,3}}(?:{lead})", flags),
        line=re.compile(line, flags),
        first=re.compile(rf"{value}[ \t]{{0,4}}{_either(correct)}{last}{_STOP}", flags) if correct else None,
        denied=_words(table.get("not"), r"^{}" + right),
        denied_last=_words(table.get("not_last"), "{}$"),
        about=re.compile(f"^{about}", re.I) if "about" in table else None,
        perhaps=_words(table.get("perhaps"), left + "{}" + right),
    )


def _words(words: list[str] | None, frame: str) -> re.Pattern[str] | None:
    return re.compile(frame.format(_either(words)), re.I) if words else None


_TABLES: dict[str, dict[str, list[str]]] = tomllib.loads(
    resources.files("rlvr_atlas.answer").joinpath("endings.toml").read_text(encoding="utf-8")
)
_LANGUAGES = [_language(name, table) for name, table in _TABLES.items()]
#: Most answers are numbers and hold no stem of any language: one look tells that.
_ANY_STEM = re.compile("|".join(re.escape(stem) for language in _LANGUAGES for stem in language.stems))
_CLOSING = re.compile(
    rf" ?{_either([word for table in _TABLES.values() for word in table.get('last', [])])}$"
)


def stated(text: str) -> str | None:
    """What a text states as its answer; None where that is a clause, denied, or a remark about the answer.

    Args:
        text: A worked solution or a response.
    """
    if "```" in text:  # in a program, "answer is" speaks of a variable
        return None
    for part in (text[-_END_CHARS:], text[:_BEGINNING_CHARS]):
        denied: set[str] = set()
        for statement in _statements(part):
            found = _answer(statement)
            if _is_denied(statement):
                denied.add(_bare(_undenied(statement)))
            elif found and _bare(found) not in denied:
                return found
    return None


def without_lead(text: str) -> str | None:
    """The answer of a field that is one line with "the answer is" in front.

    Args:
        text: A field that holds the answer.

    Returns:
        The answer; None where nothing is in front of it, "" where the field denies one.
    """
    rest = text
    for _ in range(3):
        statement = _opening(rest)
        if statement is None:
            break
        if statement.kind == "first":
            return statement.rest
        if _is_denied(statement) or _is_remark(statement):
            return "" if len(text) <= _MAX_DENIAL else None
        rest = _HOPE.sub("", rest[statement.at :]).strip(" \t\n:：")
    return None if rest == text or not rest else rest


def _statements(part: str) -> list[_Statement]:
    """All statements of a text, the last one first."""
    plain = part.translate(_PLAIN)
    languages = _spoken(plain)
    found = [
        statement
        for language in languages
        for statement in (*_leads(part, plain, language), *_lines(part, plain, language))
    ]
    first = [statement for language in languages for statement in _firsts(plain, language)]
    if len({_bare(statement.rest) for statement in first}) == 1:  # else each option is judged in turn
        found += first
    return sorted(found, key=lambda statement: statement.at, reverse=True)


def _spoken(plain: str) -> list[_Language]:
    lower = plain.lower()
    if not _ANY_STEM.search(lower):
        return []
    return [language for language in _LANGUAGES if any(stem in lower for stem in language.stems)]


def _leads(part: str, plain: str, language: _Language) -> Iterator[_Statement]:
    for match in language.lead.finditer(plain):
        if not _is_doubtful(plain, match.start(), language):
            yield _statement(part, match.end(), str(match.lastgroup), language)


def _lines(part: str, plain: str, language: _Language) -> Iterator[_Statement]:
    for match in language.line.finditer(plain):
        kind = _kind_of_line(part, match)
        if kind:
            yield _statement(part, match.end(), kind, language)


def _kind_of_line(part: str, match: re.Match[str]) -> str:
    if match["break"]:
        return "heading" if match["opens"] is not None and not match["work"] else "work"
    if match["work"]:
        return ""
    if match["stop"] == ".":
        capital = part[match.start("noun")]
        return "marked" if capital == capital.upper() and part[match.end() - 1].isspace() else ""
    if match["stop"] or match["opens"] is None:
        return ""
    return "bare" if part[match.end() - 1].isspace() else ""


def _firsts(plain: str, language: _Language) -> Iterator[_Statement]:
    for match in language.first.finditer(plain) if language.first else ():
        if not _is_doubtful(plain, match.start(match.lastindex or 0), language):
            value = (match[1] or match[2]).strip("() ")
            yield _Statement(match.end(), "first", value, False, language)


def _statement(part: str, at: int, kind: str, language: _Language) -> _Statement:
    line = part[at : at + _MAX_REST].partition("\n")[0]
    return _Statement(at, kind, line, not part[at + len(line) :].strip(), language)


def _opening(text: str) -> _Statement | None:
    """The statement that a text begins with, or that it is as a whole."""
    plain = text.translate(_PLAIN)
    for language in _spoken(plain[:_END_CHARS]):
        if match := language.opening.match(plain):
            kind = next(name for name, group in match.groupdict().items() if group is not None)
            return _statement(text, match.end(), kind, language) if text[match.end() :].strip(" .") else None
        if (match := language.line.match(plain)) and (kind := _kind_of_line(text, match)):
            statement = _statement(text, match.end(), kind, language)
            return statement if statement.is_last and (kind == "marked" or _is_value(statement)) else None
        if language.first and len(plain) <= _MAX_DENIAL:
            whole = [s for s in _firsts(plain, language) if not plain[s.at :].strip(" .。!！\n")]
            if whole and len(_SENTENCE_END.findall(plain)) <= 1:
                return whole[0]
    return None


def _is_doubtful(plain: str, start: int, language: _Language) -> bool:
    clause = _CLAUSE_BREAK.split(plain[max(0, start - 60) : start])[-1]
    return bool(language.perhaps and language.perhaps.search(clause))


def _is_denied(statement: _Statement) -> bool:
    if statement.kind == "denied":
        return True
    if statement.kind == "first":
        return False
    rest, language = _sentence(statement.rest), statement.language
    begins = statement.kind in ("said", "must") and language.denied and language.denied.match(rest)
    return bool(begins or (language.denied_last and language.denied_last.search(rest.rstrip("?？"))))


def _undenied(statement: _Statement) -> str:
    """The answer that a statement denies."""
    rest, language = _sentence(statement.rest), statement.language
    if language.denied:
        rest = language.denied.sub("", rest)
    return language.denied_last.sub("", rest) if language.denied_last else rest


def _is_remark(statement: _Statement) -> bool:
    """Whether a verb is followed by a remark on the answer: wrong, obvious, as follows."""
    about = statement.language.about
    return bool(statement.kind in ("said", "must") and about and about.match(_sentence(statement.rest)))


def _sentence(line: str) -> str:
    """The first sentence of a line, without the marks and adverbs around it."""
    line = _ADVERB.sub("", _MARKUP.sub("", line).strip(" :：*_"))
    found = _SENTENCE_END.split(line.strip(), maxsplit=1)[0].strip(" *:：")
    found = _CLOSING.sub("", found).strip(' *«»"“”')
    if found.startswith("<"):
        found = found[1:].removesuffix(">")
    return found[:-1] if found.endswith("}") and found.count("}") > found.count("{") else found


def _bare(text: str) -> str:
    return _ARTICLE.sub("", text.strip(" .。*")).strip(" $().").casefold()


def _is_value(statement: _Statement) -> bool:
    """Whether the whole line is a value, perhaps with a unit; one word where nothing follows it."""
    line = _MARKUP.sub("", statement.rest).strip(" *_.。")
    if statement.kind in ("work", "bare") and not statement.is_last:
        return False
    if statement.is_last and statement.kind == "heading" and _ONE_WORD.fullmatch(line):
        return True
    words = _WORD.findall(line)
    most = _MAX_BARE_WORDS if statement.kind == "bare" else _MAX_UNIT_WORDS
    return bool(_VALUE.match(line)) and not _LISTED.match(line) and len(words) <= most


def _answer(statement: _Statement) -> str | None:
    if statement.kind == "first":
        return statement.rest
    if statement.kind in ("heading", "work", "bare", "must") and not _is_value(statement):
        return None
    found = _ARTICLE.sub("", _sentence(statement.rest))
    if (match := _HAN_SENTENCE.fullmatch(found)) and not _DENIED.search(found[: match.start(1)]):
        found = match[1].strip()
    if (
        not found
        or "\\boxed" in found
        or not _ANSWERLIKE.search(found)
        or len(_WORD.findall(found)) > _MAX_WORDS
    ):
        return None
    if (
        _is_remark(statement)
        or _QUESTION.search(found)
        or statement.language.lead.search(found.translate(_PLAIN))
    ):
        return None
    return found
