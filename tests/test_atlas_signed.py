"""Signatures on an atlas: whose are believed, what is refused, and that a pull keeps them."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.test_atlas_pull import edit, published, run, state

from rlvr_atlas.errors import InputError
from rlvr_atlas.public_atlas import CARD, signatures, verify
from rlvr_atlas.public_atlas import card as cards
from rlvr_atlas.public_atlas.pull import pull

pytestmark = pytest.mark.skipif(
    shutil.which("ssh-keygen") is None, reason="no ssh-keygen: apt-get install openssh-client"
)


def new_key(path: Path, kind: str = "ed25519", passphrase: str = "") -> Path:
    command = ["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", "", "-f", str(path)]
    subprocess.run(command, check=True, capture_output=True)
    return path


def line_of(key: Path, name: str, options: str = "") -> str:
    return f"{name} {options} {key.with_suffix('.pub').read_text()}"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return new_key(tmp_path / "key")


@pytest.fixture
def signers(key: Path, tmp_path: Path) -> Path:
    other = new_key(tmp_path / "other")
    file = tmp_path / "signers"
    file.write_text(line_of(other, "other@example.org") + line_of(key, "ada@example.org,ada"))
    return file


@pytest.fixture
def source(tmp_path: Path, key: Path) -> Path:
    folder = published(tmp_path / "published")
    code, said = run("atlas", "sign", folder, "--key", key)
    assert (code, said.startswith(f"signed: {folder}: ED25519 SHA256:")) == (0, True)
    return folder


def test_what_one_of_the_signers_signed_is_accepted_wherever_it_lies(
    source: Path, signers: Path, tmp_path: Path
) -> None:
    mine = tmp_path / "mine"
    code, said = run("atlas", "pull", "--from", source, "--to", mine, "--signers", signers)
    assert code == 0
    assert "signed: ada@example.org (ED25519 SHA256:" in said
    for folder in (source, mine):  # whose card names other files
        told = json.loads(run("atlas", "verify", "--atlas", folder, "--signers", signers, "--json")[1])
        assert told["signed_by"]["name"] == "ada@example.org"
    assert verify(mine).origins.frame.height == 3


@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
def test_other_kinds_of_keys_sign_too(kind: str, tmp_path: Path) -> None:
    key = new_key(tmp_path / "key", kind)
    folder = published(tmp_path / "published")
    assert run("atlas", "sign", folder, "--key", key)[0] == 0
    (tmp_path / "signers").write_text(line_of(key, "*@example.org"))
    assert pull(str(folder), tmp_path / "mine", tmp_path / "signers").signer is not None


def test_without_signers_it_is_said_what_was_not_looked_at(source: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    assert "signed, by whom was not looked at" in run("atlas", "pull", "--from", source, "--to", mine)[1]
    assert "signed: ED25519 SHA256:" in run("atlas", "verify", "--atlas", mine)[1]
    bare = published(tmp_path / "bare")
    assert "\nnot signed\n" in run("atlas", "verify", "--atlas", bare)[1]
    assert "\nnot signed\n" in run("atlas", "pull", "--from", bare, "--to", tmp_path / "two")[1]


def test_what_nobody_signed_is_refused_where_signers_are_given(
    signers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = published(tmp_path / "bare")
    with pytest.raises(InputError, match="is not signed, and only what .*signers knows"):
        pull(str(bare), tmp_path / "mine", signers)
    assert state(tmp_path / "mine") == {}
    monkeypatch.setenv("RLVR_ATLAS_SIGNERS", str(signers))
    with pytest.raises(InputError, match="is not signed"):
        run("atlas", "pull", "--from", bare, "--to", tmp_path / "mine")
    (bare / CARD).unlink()
    with pytest.raises(InputError, match="cannot be read"):
        run("atlas", "verify", "--atlas", bare)


def test_what_somebody_else_signed_replaces_nothing(source: Path, signers: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    pull(str(source), mine, signers)
    before = state(mine)
    published(source, edition="2031-06-01", problems=5)
    assert run("atlas", "sign", source, "--key", new_key(tmp_path / "third"))[0] == 0
    with pytest.raises(InputError, match="is signed by ED25519 SHA256:.*, which is not in .*signers"):
        pull(None, mine, signers)
    assert state(mine) == before


@pytest.mark.parametrize(
    "changes",
    [
        {"edition": "2031-07-01"},
        {"version": "0.1.1"},
        {"origins_bytes": 1},
        {"origins_sha256": "0" * 64},
        {"benchmarks_sha256": "0" * 64},
    ],
)
def test_a_signature_holds_for_all_that_counts_in_a_card(
    changes: dict[str, object], source: Path, signers: Path, tmp_path: Path
) -> None:
    edit(source, **changes)
    with pytest.raises(InputError, match="is signed wrongly"):
        pull(str(source), tmp_path / "mine", signers)
    with pytest.raises(InputError, match="is signed wrongly"):
        signatures.signer(cards.read(source), None, "here")


def test_a_signature_on_something_else_is_none_on_an_atlas(source: Path, key: Path, signers: Path) -> None:
    command = ["ssh-keygen", "-Y", "sign", "-f", str(key), "-n", "git"]
    text = signatures.statement(cards.read(source))
    made = subprocess.run(command, input=text, check=True, capture_output=True)
    edit(source, signature=made.stdout.decode())
    with pytest.raises(InputError, match="is signed wrongly"):
        signatures.signer(cards.read(source), signers, "here")


@pytest.mark.parametrize(
    "options", ['namespaces="git"', 'valid-before="20200101"', f'namespaces="{signatures.NAMESPACE}x"']
)
def test_the_limits_that_a_line_of_signers_sets_hold(
    options: str, source: Path, key: Path, tmp_path: Path
) -> None:
    file = tmp_path / "limited"
    file.write_text(line_of(key, "ada@example.org", options))
    with pytest.raises(InputError, match="which is not in .*limited"):
        signatures.signer(cards.read(source), file, "here")
    file.write_text(line_of(key, "ada@example.org", f'namespaces="{signatures.NAMESPACE}"'))
    by = signatures.signer(cards.read(source), file, "here")
    assert by is not None
    assert by.name == "ada@example.org"


@pytest.mark.parametrize("text", ["", "\0\xff", "ada@example.org\n", "* cert-authority\n"])
def test_a_file_without_signers_knows_nobody(text: str, source: Path, tmp_path: Path) -> None:
    (tmp_path / "none").write_text(text)
    with pytest.raises(InputError, match="which is not in .*none"):
        signatures.signer(cards.read(source), tmp_path / "none", "here")


@pytest.mark.parametrize(
    "signature",
    [
        "yes",
        7,
        "-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n",
        "-----BEGIN SSH SIGNATURE-----\n$(id)\n-----END SSH SIGNATURE-----\n",
    ],
)
def test_what_is_no_signature_is_no_card(signature: object, source: Path) -> None:
    edit(source, signature=signature)
    with pytest.raises(InputError, match="no card of an atlas"):
        cards.read(source)


def test_a_signature_of_nonsense_is_refused(source: Path, signers: Path) -> None:
    edit(source, signature="-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n")
    with pytest.raises(InputError, match="is signed wrongly"):
        signatures.signer(cards.read(source), signers, "here")


def test_a_damaged_atlas_is_not_signed(key: Path, tmp_path: Path) -> None:
    folder = published(tmp_path / "published")
    edit(folder, origins_sha256="0" * 64)
    with pytest.raises(InputError, match="not the file that"):
        run("atlas", "sign", folder, "--key", key)


def test_what_cannot_sign_is_said(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = state(source)
    with pytest.raises(InputError, match="no-key: no such file. Name a key: ssh-keygen"):
        run("atlas", "sign", source, "--key", tmp_path / "no-key")
    (tmp_path / "text").write_text("text")
    (tmp_path / "text").chmod(0o600)
    with pytest.raises(InputError, match="text: this key signs nothing"):
        run("atlas", "sign", source, "--key", tmp_path / "text")
    with pytest.raises(InputError, match="no-signers: no such file"):
        run("atlas", "verify", "--atlas", source, "--signers", tmp_path / "no-signers")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match=r"not on this machine. Install OpenSSH .*openssh-client"):
        run("atlas", "verify", "--atlas", source)
    assert state(source) == before
