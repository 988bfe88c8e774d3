"""The web application: addresses to pages. Pages are made in threads; nothing here knows what they say."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from rlvr_atlas.errors import AtlasError, InputError, MissingExtraError
from rlvr_atlas.explorer import pages, reviewing, rows
from rlvr_atlas.explorer.guard import Guard, is_token, new_token
from rlvr_atlas.explorer.held import HeldWorkspace, Newest
from rlvr_atlas.explorer.links import LiveLinks
from rlvr_atlas.explorer.rendering import ASSETS, asset, render
from rlvr_atlas.workspace.query import RowFilter

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp

#: Bytes of a form, and how many fields it may have.
_LARGEST_FORM, _FIELDS = 64 << 10, 20
_LINKS = LiveLinks()
#: Explained before anybody asks: models are read and patterns made for the first text, of its language too.
_FIRST = "Wie viel sind 3,5 Birnen und 7 weitere?"
_Made = tuple[str, dict[str, Any]]


class Explorer:
    """The application over one workspace.

    Args:
        folder: A traced workspace.
        hosts: Further host names that requests may be sent to, where it listens beyond loopback.

    Raises:
        MissingExtraError: Without the extra `serve`.
        WorkspaceError: If the workspace was not traced.
    """

    def __init__(self, folder: Path, hosts: tuple[str, ...] = ()) -> None:
        try:
            import starlette  # noqa: F401
        except ImportError:
            raise MissingExtraError("serve", "the explorer") from None
        self.newest = Newest(folder)
        self.token = new_token()
        self._hosts = hosts
        #: Pages that show more than tables: people's decisions, the files of a dataset.
        self._changing = (self._review, self._row)
        held = self.newest.get()
        pages.overview(held)  # what takes longest waits for no visitor
        reviewing.queue(held)
        with suppress(AtlasError):  # who asks for a text is told what is missing
            pages.explained(held, _FIRST, False)

    def application(self) -> ASGIApp:
        """The ASGI application."""
        from starlette.applications import Starlette
        from starlette.routing import Route

        read = [
            ("/", self._home),
            ("/explain", self._explain),
            ("/search", self._search),
            ("/dataset/{name}", self._dataset),
            ("/dataset/{name}/{row:int}", self._row),
            ("/problem/{key}", self._problem),
            ("/pair/{child}/{parent}", self._pair),
            ("/compare", self._compare),
            ("/leaks", self._leaks),
            ("/review", self._review),
            ("/worth", self._worth),
        ]
        routes = [Route(path, self._page(make)) for path, make in read]
        routes += [
            Route("/assets/{name}", self._asset),
            Route("/review/decide", self._decide, methods=["POST"]),
            Route("/review/apply", self._apply, methods=["POST"]),
        ]
        handlers = {404: self._missing, 405: self._missing, Exception: self._broken}
        app = Starlette(routes=routes, exception_handlers=handlers)
        return Guard(app, self._hosts)

    # --- pages -----------------------------------------------------------------------------------------

    def _page(self, make: Callable[[HeldWorkspace, Request], _Made]) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            from starlette.responses import HTMLResponse

            held = self.newest.get()

            def page() -> str:
                name, facts = make(held, request)
                return self._text(name, facts)

            try:
                if make in self._changing:
                    return HTMLResponse(page())
                # The tables of this workspace do not change, so that its page is the same for whoever asks.
                asked = ("page", request.url.path, request.url.query, self.newest.behind)
                return HTMLResponse(held.recent(asked, page))
            except AtlasError as error:
                return self._error(error, 404 if isinstance(error, InputError) else 503)

        return answer

    def _text(self, name: str, facts: Mapping[str, Any]) -> str:
        return render(name, _LINKS, token=self.token, behind=self.newest.behind, **facts)

    def _html(self, name: str, facts: Mapping[str, Any], status: int = 200) -> Response:
        from starlette.responses import HTMLResponse

        return HTMLResponse(self._text(name, facts), status)

    def _error(self, error: AtlasError, status: int) -> Response:
        return self._html("error", {"what": str(error)}, status)

    def _home(self, held: HeldWorkspace, _request: Request) -> _Made:
        return "home", pages.overview(held)

    def _explain(self, held: HeldWorkspace, request: Request) -> _Made:
        text = request.query_params.get("q", "")
        if not text.strip():
            return "explain", {"asked": "", "rewordings": False, "found": None}
        return "explain", pages.explained(held, text, "rewordings" in request.query_params)

    def _search(self, held: HeldWorkspace, request: Request) -> _Made:
        given = request.query_params
        return "search", pages.searched(
            held, given.get("q", ""), "answers" in given, _number(given, "offset")
        )

    def _dataset(self, held: HeldWorkspace, request: Request) -> _Made:
        given = request.query_params
        leaked = {"yes": True, "no": False}.get(given.get("leaked", ""))
        source = {"any": None, "unknown": ""}.get(given.get("source", "any"), given.get("source", "")[1:])
        relation = {"any": None, "none": ""}.get(given.get("relation", "any"), given.get("relation", ""))
        wanted = RowFilter(given.get("q", ""), source, relation, leaked)
        name = request.path_params["name"]
        return "dataset", pages.dataset(held, name, wanted, _number(given, "offset"))

    def _row(self, held: HeldWorkspace, request: Request) -> _Made:
        name, row = request.path_params["name"], request.path_params["row"]
        found = rows.original(held, name, row)
        images = [
            {"why": image["why"], "source": _data_url(image) if image["kind"] else None}
            for image in found["images"]
        ]
        return "row", {"dataset_id": name, "row": row, **found, "images": images}

    def _problem(self, held: HeldWorkspace, request: Request) -> _Made:
        offset = _number(request.query_params, "offset")
        return "problem", pages.problem(held, request.path_params["key"], offset)

    def _pair(self, held: HeldWorkspace, request: Request) -> _Made:
        return "pair", pages.pair(held, request.path_params["child"], request.path_params["parent"])

    def _compare(self, held: HeldWorkspace, request: Request) -> _Made:
        left, right = (request.query_params.get(side, "") for side in ("a", "b"))
        names = [fact["dataset"] for fact in pages.facts_of(held)["datasets"]]
        facts = {"names": names, "left": left, "right": right, "overlaps": None}
        if left and right:  # one alone is the link of its page: the other is still to be chosen
            facts |= pages.compared(held, left, right, _number(request.query_params, "offset"))
        return "compare", facts

    def _leaks(self, held: HeldWorkspace, request: Request) -> _Made:
        given = request.query_params
        chosen = (given.get("dataset") or None, given.get("benchmark") or None)
        return "leak_list", pages.leaks(held, *chosen, _number(given, "offset"))

    def _review(self, held: HeldWorkspace, request: Request) -> _Made:
        given = request.query_params
        facts = reviewing.shown(held, _number(given, "skip"), given.get("by", ""))
        return "review", {**facts, "done": given.get("done", "")}

    def _worth(self, held: HeldWorkspace, _request: Request) -> _Made:
        return "worth", pages.worth(held)

    # --- everything else -------------------------------------------------------------------------------

    def _asset(self, request: Request) -> Response:
        from starlette.responses import Response

        name = request.path_params["name"]
        if name not in ASSETS:
            return self._missing(request, None)
        return Response(asset(name), media_type=ASSETS[name])

    def _missing(self, _request: Request, _error: object) -> Response:
        return self._html("error", {"what": "There is no such page."}, 404)

    def _broken(self, _request: Request, _error: object) -> Response:
        return self._html("error", {"what": "This page could not be made; the terminal says why."}, 500)

    async def _decide(self, request: Request) -> Response:
        return await self._write(request, self._decided)

    def _decided(self, held: HeldWorkspace, form: Mapping[str, str]) -> str:
        names = form.get("child", ""), form.get("parent", "")
        by, verdict = form.get("by", ""), form.get("verdict", "")
        skip = _number(form, "skip")
        if verdict == "skip":
            return _LINKS.page("review", skip=skip + 1, by=by)
        reviewing.decide(held, names, verdict, by, form.get("why", ""))
        return _LINKS.page("review", skip=skip, by=by)

    async def _apply(self, request: Request) -> Response:
        return await self._write(request, self._applied)

    def _applied(self, held: HeldWorkspace, form: Mapping[str, str]) -> str:
        rows_decided = reviewing.apply(held)
        return _LINKS.page("review", by=form.get("by", ""), done=rows_decided)

    async def _write(
        self, request: Request, write: Callable[[HeldWorkspace, Mapping[str, str]], str]
    ) -> Response:
        from starlette.concurrency import run_in_threadpool
        from starlette.responses import RedirectResponse

        form = await _form(request)
        if form is None or not is_token(form.get("token", ""), self.token):
            what = "This form is of another run of the explorer, or of another site. Open the page again."
            return self._html("error", {"what": what}, 403)
        try:
            there = await run_in_threadpool(lambda: write(self.newest.get(), form))
        except AtlasError as error:
            return self._error(error, 400 if isinstance(error, InputError) else 503)
        return RedirectResponse(there, 303)


def _number(given: Mapping[str, str], name: str) -> int:
    """A whole number of a query; anything else is 0."""
    text = given.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 12 else 0


def _data_url(image: Mapping[str, Any]) -> str:
    return f"data:{image['kind']};base64,{base64.b64encode(image['content']).decode()}"


async def _form(request: Request) -> dict[str, str] | None:
    """The fields of a form; None where it is none, or too large."""
    if request.headers.get("content-type", "").split(";")[0].strip() != "application/x-www-form-urlencoded":
        return None
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _LARGEST_FORM:
            return None
    try:
        fields = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=_FIELDS)
    except ValueError:
        return None
    return {name: values[-1] for name, values in fields.items()}
