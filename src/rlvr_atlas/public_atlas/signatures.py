"""Who says that an atlas is theirs: signatures by SSH keys, as Git has them, made by `ssh-keygen`.

What is signed is what an atlas is made of (`statement`), not the bytes of its card: a pull keeps files under
other names, and the signature holds as before.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rlvr_atlas.errors import InputError
from rlvr_atlas.public_atlas.card import Card

#: So that a signature on something else is none on an atlas.
NAMESPACE = "atlas@rlvr-atlas"
_GOOD = re.compile(r"signature .*?with (\S+) key (\S+)")
_SECONDS = 60.0


@dataclass(frozen=True)
class Signer:
    """Whose signature it is.

    Attributes:
        key: Kind and fingerprint of the key.
        name: As the file of signers has it; empty where none was given.
    """

    key: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.name} ({self.key})" if self.name else self.key


def statement(card: Card) -> bytes:
    """What is signed: format, edition, version, and hash, size and name of every file, a line each."""
    head = (f"rlvr-atlas atlas {card.format}", f"edition {card.edition}", f"version {card.version}")
    files = (f"{file.sha256} {file.bytes} {name}" for name, file in sorted(card.files.items()))
    return "".join(f"{line}\n" for line in (*head, *files)).encode()


def sign(card: Card, key: Path) -> Card:
    """The card with a signature.

    Args:
        card: Of an atlas whose files were compared with it.
        key: A private SSH key, or a public one whose private half an agent holds.

    Raises:
        InputError: If there is no such key, it cannot be used, or there is no `ssh-keygen`.
    """
    _need_file(key, "name a key: ssh-keygen -t ed25519 -f KEY makes one")
    done = _ssh_keygen("sign", "-f", str(key), "-n", NAMESPACE, given=statement(card), patient=True)
    if done.returncode:
        fix = "give a private key of ssh-keygen and its passphrase, or a public one that ssh-agent knows"
        raise InputError(f"this key signs nothing ({_said(done)})", where=str(key), fix=fix)
    return Card.model_validate({**card.model_dump(), "signature": done.stdout.decode("ascii")})


def signer(card: Card, signers: Path | None, where: str) -> Signer | None:
    """Who signed a card; None for one that nobody signed, where no signers are asked for.

    Args:
        card: As it was read.
        signers: Whom to believe: lines of names and public keys, as `ssh-keygen` reads them ("allowed
            signers"). None to believe anybody, and only see whether the signature is one of this atlas.
        where: What errors name.

    Raises:
        InputError: If the signature is not one of this atlas, or, where signers are given, nobody's or
            none of theirs; if there is no `ssh-keygen` or no such file.
    """
    if signers is not None:
        _need_file(signers, 'write a line for each signer: name@example.org namespaces="..." ssh-ed25519 ...')
    if not card.signature:
        if signers is None:
            return None
        fix = "ask whoever publishes it to sign it: rlvr-atlas atlas sign DIR --key KEY"
        raise InputError(f"is not signed, and only what {signers} knows is accepted", where=where, fix=fix)
    text = statement(card)
    with _written(card.signature) as file:
        found = _ssh_keygen("check-novalidate", "-n", NAMESPACE, "-s", str(file), given=text)
        key = _GOOD.search(found.stdout.decode(errors="replace"))
        if found.returncode or key is None:
            fix = "do not use it; get it again, or ask whoever publishes it"
            raise InputError(f"is signed wrongly ({_said(found)})", where=where, fix=fix)
        told = f"{key[1]} {key[2]}"
        if signers is None:
            return Signer(told)
        for name in _names(file, signers):
            by = ("-f", str(signers), "-I", name, "-n", NAMESPACE, "-s", str(file))
            if not _ssh_keygen("verify", *by, given=text).returncode:
                return Signer(told, name)
    fix = "do not use it; if you trust that key, add it to the file"
    raise InputError(f"is signed by {told}, which is not in {signers}", where=where, fix=fix)


def _names(signature: Path, signers: Path) -> list[str]:
    """Who of the signers has the key; a line may have several names with commas between them."""
    found = _ssh_keygen("find-principals", "-f", str(signers), "-s", str(signature))
    names = found.stdout.decode(errors="replace").split() if not found.returncode else []
    return [name for listed in names for name in listed.split(",") if name and not name.startswith("!")]


@contextmanager
def _written(signature: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="rlvr-atlas-") as folder:
        file = Path(folder) / "signature"
        file.write_text(signature, encoding="ascii")
        yield file


def _ssh_keygen(
    task: str, *arguments: str, given: bytes = b"", patient: bool = False
) -> subprocess.CompletedProcess[bytes]:
    """Run it; a `patient` call waits for a person with a passphrase or a token."""
    command = ["ssh-keygen", "-Y", task, *arguments]
    try:
        return subprocess.run(
            command,
            input=given,
            capture_output=True,
            check=False,
            env={**os.environ, "LC_ALL": "C"},
            timeout=None if patient else _SECONDS,
        )
    except FileNotFoundError:
        fix = "install OpenSSH 8.2 or newer (Debian, Ubuntu: apt-get install openssh-client)"
        raise InputError("signatures need ssh-keygen, which is not on this machine", fix=fix) from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InputError(
            f"ssh-keygen did not answer ({error})", fix="try it by hand: ssh-keygen -Y"
        ) from None


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    """The last line of what it said."""
    lines = (done.stderr or done.stdout).decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), f"exit code {done.returncode}")


def _need_file(path: Path, fix: str) -> None:
    if not path.is_file():
        raise InputError("no such file", where=str(path), fix=fix)
