"""Answers from any server that speaks OpenAI's chat completions: vLLM, SGLang, `transformers serve`, ..."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

import httpx2

from rlvr_atlas.errors import InputError
from rlvr_atlas.sca.model import Sampling
from rlvr_atlas.sca.stream import Answer, Answered, Reply, Request, stream

_log = logging.getLogger(__name__)

#: Requests under way at once, where nobody says otherwise.
CONCURRENCY = 64
_TRIES = 5
#: Of every wait for the server; an answer comes in one piece, when it is whole.
_TIMEOUT_S = 3600.0
#: What a server may ask to wait for before the next attempt, at most.
_LONGEST_WAIT_S = 60.0
#: Of what a server says when it refuses a request.
_DETAIL_CHARS = 300
#: A request with a field that the server does not take; some ignore those, others refuse the request.
_REFUSED = (400, 422)


class _RefusedError(Exception):
    """A request that the server does not take as it stands."""


class Server:
    """A model behind a URL.

    Every answer is a request of its own with a seed of its own, because few servers give several answers to
    one request in an order that can be repeated. Whether equal seeds give equal answers is up to the server.
    Redirects are not followed: what `OPENAI_API_KEY` holds and the questions go to the host that was named
    and to no other.

    Args:
        url: Up to and with `/v1`.
        model: Its name there.
        sampling: How to draw.
        instruction: Put after every question.
        concurrency: Requests under way at once.

    Raises:
        InputError: If the URL is none, or nothing could be asked at once.
    """

    def __init__(
        self, url: str, model: str, sampling: Sampling, instruction: str = "", concurrency: int = CONCURRENCY
    ) -> None:
        if urlsplit(url).scheme not in ("http", "https"):
            raise InputError(f"'{url}' is no URL", fix="give one such as http://localhost:8000/v1")
        if concurrency < 1:
            raise InputError(f"{concurrency} requests at once", fix="give at least 1")
        self._url, self._model, self._at_once = url.rstrip("/"), model, concurrency
        self._sampling, self._instruction = sampling, instruction
        self._dialects = _dialects(sampling)

    def stream(self, requests: Iterable[Request]) -> Iterator[list[Answered]]:
        """Answer requests, as many at once as is allowed; see `stream.stream`.

        Raises:
            InputError: If the server does not answer, or refuses a request.
        """
        return stream(requests, self._connected, self._at_once)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Answer]:
        limits = httpx2.Limits(max_connections=self._at_once, max_keepalive_connections=self._at_once)
        async with httpx2.AsyncClient(timeout=_TIMEOUT_S, follow_redirects=False, limits=limits) as client:
            yield lambda request: self._answer(client, request)

    async def _answer(self, client: httpx2.AsyncClient, request: Request) -> Reply:
        sampling = self._sampling
        body: dict[str, object] = {
            "model": self._model,
            "messages": [{"role": "user", "content": f"{request.question}{self._instruction}"}],
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "max_tokens": sampling.max_response,
            "seed": request.seed % 2**31,
            "stream": False,
        }
        refusals = []
        for dialect in self._dialects:
            try:
                reply = await self._post(client, json.dumps(body | dialect).encode())
            except _RefusedError as error:
                refusals.append(str(error))
                continue
            self._dialects = [dialect]
            return _content(reply, self._url)
        raise InputError(
            f"the server refuses the request ({'; or '.join(dict.fromkeys(refusals))})",
            where=self._url,
            fix="check the model's name and what the server takes; what was answered is kept",
        )

    async def _post(self, client: httpx2.AsyncClient, body: bytes) -> bytes:
        headers = {"Content-Type": "application/json"}
        if secret := os.environ.get("OPENAI_API_KEY"):
            headers["Authorization"] = f"Bearer {secret}"
        for attempt in range(1, _TRIES + 1):
            wait = 2**attempt / 4
            try:
                reply = await client.post(f"{self._url}/chat/completions", content=body, headers=headers)
            except httpx2.TimeoutException:
                said = "timed out"
            except (httpx2.HTTPError, OSError) as error:
                said = str(error) or type(error).__name__
            else:
                if reply.is_success:
                    return reply.content
                said, refused = _refusal(reply), reply.status_code < 500 and reply.status_code != 429
                if refused:
                    raise _refused(said, reply.status_code, self._url)
                wait = max(wait, _asked_to_wait(reply))
            if attempt == _TRIES:
                break
            _log.info("%s: attempt %d of %d failed: %s", self._url, attempt, _TRIES, said)
            await asyncio.sleep(wait)
        raise _silent(said, self._url)


def _asked_to_wait(reply: httpx2.Response) -> float:
    """Seconds of the header Retry-After, within bounds; 0 where there is none in seconds."""
    stated = reply.headers.get("Retry-After", "")
    return min(float(stated), _LONGEST_WAIT_S) if stated.isdecimal() else 0.0


def _refusal(reply: httpx2.Response) -> str:
    """What a reply that is no answer says, in the server's own words where it has any.

    Raises:
        _RefusedError: If the request may be taken in another form.
    """
    said = f"{reply.status_code} {reply.reason_phrase}".strip()
    if reply.has_redirect_location:
        return f"{said}: it points to {reply.headers['Location']}, and redirects are not followed"
    if message := _message(reply):
        said += f": {message}"
    if reply.status_code in _REFUSED:
        raise _RefusedError(said)
    return said


def _message(reply: httpx2.Response) -> str:
    """The message of an error: of OpenAI's form, or of another, or the text as it is; on one line."""
    told: object = None
    with suppress(ValueError):
        told = reply.json()
    for name in ("error", "message", "detail"):
        if isinstance(told, dict) and told.get(name):
            told = told[name]
    text = told if isinstance(told, str) else reply.text
    if secret := os.environ.get("OPENAI_API_KEY"):
        text = text.replace(secret, "***")
    plain = "".join(sign if sign.isprintable() else " " for sign in text)
    return " ".join(plain.split())[:_DETAIL_CHARS]


def _dialects(sampling: Sampling) -> list[dict[str, object]]:
    """Ways to ask for what OpenAI's protocol has no field for; the first that is not refused is kept.

    vLLM and SGLang know `top_k`. `transformers serve` refuses it, and is greedy, whatever the temperature,
    unless told otherwise in `generation_config`. Where no top_k is wanted the plain protocol will do.
    """
    config = {
        "do_sample": True,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
        "max_new_tokens": sampling.max_response,
    }
    plain: list[dict[str, object]] = [] if sampling.top_k else [{}]
    return [{"top_k": sampling.top_k or -1}, {"generation_config": json.dumps(config)}, *plain]


def _refused(said: str, code: int, url: str) -> InputError:
    fix = {
        401: "put the key of the server into OPENAI_API_KEY",
        403: "see what the key in OPENAI_API_KEY may do",
        404: "check the URL, which goes up to and with /v1, and the model's name there",
    }.get(code, "check the URL and the model's name")
    kept = "what was answered is kept, run it again to go on"
    return InputError(f"the server refuses the request ({said})", where=url, fix=f"{fix}; {kept}")


def _silent(said: str, url: str) -> InputError:
    fix = "check the URL and the model's name; what was answered is kept, run it again to go on"
    return InputError(f"the server does not answer ({said})", where=url, fix=fix)


def _content(reply: bytes, url: str) -> Reply:
    try:
        choice = json.loads(reply)["choices"][0]
        ended = choice.get("finish_reason")
        return Reply(str(choice["message"]["content"] or ""), None if ended is None else ended == "length")
    except (ValueError, LookupError, TypeError, AttributeError):
        raise InputError("the server's reply is no chat completion", where=url) from None
