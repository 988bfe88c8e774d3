"""What `make test-package` asks of the files in dist/: nothing is missing, nothing is in them by accident.

python .ci/check_package.py dist
"""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def tracked() -> set[str]:
    """Files of the working tree that git knows."""
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    return {name for name in listing.stdout.decode().split("\0") if (ROOT / name).is_file()}


def in_sdist(path: Path) -> set[str]:
    """Files of a source distribution, without the folder around them."""
    with tarfile.open(path) as archive:
        return {member.name.split("/", 1)[1] for member in archive if member.isfile()}


def in_wheel(path: Path) -> set[str]:
    """Files of a wheel, without those that describe it."""
    with zipfile.ZipFile(path) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def differences(what: str, found: set[str], wanted: set[str]) -> list[str]:
    """One line for each file too many or too few."""
    missing = [f"{what}: missing {name}" for name in sorted(wanted - found)]
    return missing + [f"{what}: stray {name}" for name in sorted(found - wanted)]


def main(folder: Path) -> int:
    """Print what is wrong; 1 if anything is."""
    (sdist,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    files = tracked()
    package = {name.removeprefix("src/") for name in files if name.startswith("src/rlvr_atlas/")}
    wrong = differences(sdist.name, in_sdist(sdist) - {"PKG-INFO"}, files)
    wrong += differences(wheel.name, in_wheel(wheel), package)
    print("\n".join(wrong) or f"{sdist.name}, {wheel.name}: every file of the project, and no other")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
