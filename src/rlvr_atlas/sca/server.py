"""Answers from any server that speaks OpenAI's chat completions: vLLM, SGLang, `transformers serve`, ..."""

from __future__ import annotations

import http.client
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from rlvr_atlas.errors import InputError
from rlvr_atlas.sca.model import Sampling

_AT_ONCE = 16
_TRIES = 4
_TIMEOUT_S = 3600.0
#: Of what a server says when it refuses a request.
_DETAIL_BYTES = 300


#: A request with a field that the server does not take; some ignore those, others refuse the request.
_REFUSED = (400, 422)


class _RefusedError(Exception):
    """A request that the server does not take as it stands."""


class Server:
    """A model behind a URL.

    Every answer is a request of its own with a seed of its own, because few servers give several answers to
    one request in an order that can be repeated. Whether equal seeds give equal answers is up to the server.

    Args:
        url: Up to and with `/v1`.
        model: Its name there.
        sampling: How to draw.
        instruction: Put after every question.

    Raises:
        InputError: If the URL is none.
    """

    def __init__(self, url: str, model: str, sampling: Sampling, instruction: str = "") -> None:
        if urlsplit(url).scheme not in ("http", "https"):
            raise InputError(f"'{url}' is no URL", fix="give one such as http://localhost:8000/v1")
        self._url, self._model = url.rstrip("/"), model
        self._sampling, self._instruction = sampling, instruction
        self._dialects = _dialects(sampling)

    def __call__(self, questions: Sequence[str], k: int, seed: int) -> list[list[str]]:
        """Answer questions, k times each."""
        wanted = [
            (question, seed + number * k + at) for number, question in enumerate(questions) for at in range(k)
        ]
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            answers = list(threads.map(lambda one: self._answer(*one), wanted))
        return [answers[at : at + k] for at in range(0, len(answers), k)]

    def _answer(self, question: str, seed: int) -> str:
        sampling = self._sampling
        body: dict[str, object] = {
            "model": self._model,
            "messages": [{"role": "user", "content": f"{question}{self._instruction}"}],
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "max_tokens": sampling.max_response,
            "seed": seed % 2**31,
            "stream": False,
        }
        refusals = []
        for dialect in self._dialects:
            try:
                reply = self._post(json.dumps(body | dialect).encode())
            except _RefusedError as error:
                refusals.append(str(error))
                continue
            self._dialects = [dialect]
            return _content(reply, self._url)
        raise _silent("; or ".join(dict.fromkeys(refusals)), self._url)

    def _post(self, body: bytes) -> bytes:
        headers = {"Content-Type": "application/json"}
        if secret := os.environ.get("OPENAI_API_KEY"):
            headers["Authorization"] = f"Bearer {secret}"
        request = urllib.request.Request(f"{self._url}/chat/completions", body, headers)
        for attempt in range(1, _TRIES + 1):
            try:
                with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as reply:
                    return bytes(reply.read())
            except urllib.error.HTTPError as error:
                detail = error.read(_DETAIL_BYTES).decode(errors="replace")
                said, final = f"{error.code} {error.reason}", error.code < 500 and error.code != 429
                if error.code in _REFUSED:
                    raise _RefusedError(f"{said}: {detail}") from None
            except (OSError, http.client.HTTPException) as error:
                said, final = str(error), False
            if final or attempt == _TRIES:
                break
            time.sleep(2**attempt / 4)
        raise _silent(said, self._url)


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


def _silent(said: str, url: str) -> InputError:
    fix = "check the URL and the model's name; what was answered is kept, run it again to go on"
    return InputError(f"the server does not answer ({said})", where=url, fix=fix)


def _content(reply: bytes, url: str) -> str:
    try:
        return str(json.loads(reply)["choices"][0]["message"]["content"] or "")
    except (ValueError, LookupError, TypeError):
        raise InputError("the server's reply is no chat completion", where=url) from None
