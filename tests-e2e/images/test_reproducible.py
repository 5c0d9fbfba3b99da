"""Whoever builds a commit, wherever and whenever, gets the same layers: the same files, whatever their order."""

import json
import os
import tarfile
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, cast

from .container import NAMES, docker, image, output

ROOT = Path(__file__).parents[2]

type Layer = dict[str, tuple[object, ...]]


async def layers(tag: str, folder: Path) -> list[Layer]:
    """Return the files of each layer, with all that is kept of them.

    One engine writes the same files in either of two orders, as it comes by them.
    """
    saved = folder / "saved.tar"
    await docker("save", "--output", str(saved), tag)
    with tarfile.open(saved) as archive:
        (manifest,) = json.load(_opened(archive, "manifest.json"))
        return [_layer(_opened(archive, name)) for name in manifest["Layers"]]


def _layer(file: IO[bytes]) -> Layer:
    with tarfile.open(fileobj=file) as archive:
        return {member.name: _kept(archive, member) for member in archive}


def _kept(archive: tarfile.TarFile, member: tarfile.TarInfo) -> tuple[object, ...]:
    digest = sha256(_opened(archive, member).read()).hexdigest() if member.isfile() else member.linkname
    return digest, member.type, member.mode, member.uid, member.gid, member.mtime, member.pax_headers


def _opened(archive: tarfile.TarFile, member: str | tarfile.TarInfo) -> IO[bytes]:
    return cast(Any, archive.extractfile(member))


async def test_another_build_of_another_clone_has_the_same_layers(tmp_path: Path) -> None:
    clone = str(tmp_path / "clone")
    again = f"{os.environ['TAG']}-again"
    await output("git", "clone", "--quiet", str(ROOT), clone)
    await output(f"{clone}/infra/images", TAG=again, BUILD_OPTIONS="--no-cache")
    for name in NAMES:
        first, second = await layers(image(name), tmp_path), await layers(f"ichor-{name}:{again}", tmp_path)
        assert first == second, f"{name} differs"
    await docker("rmi", *(f"ichor-{name}:{again}" for name in NAMES))
