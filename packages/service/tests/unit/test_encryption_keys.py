from base64 import b64encode
from pathlib import Path

import pytest
from ichor_service import InvalidSetting, Settings, temporal_link
from ichor_service.encryption_keys import encryption_keys

KEY = b64encode(b"k" * 32).decode()


def settings(path: Path | None) -> Settings:
    return Settings(encryption_keys=str(path) if path else None, temporal_address="127.0.0.1:1")


def test_the_keys_are_those_of_the_file(tmp_path: Path):
    file = tmp_path / "keys"
    file.write_text(f"new:{KEY}\nold:{KEY}\n")
    keys = encryption_keys(settings(file))
    assert keys is not None
    assert keys.first == "new"


def test_without_a_file_there_is_none():
    assert encryption_keys(settings(None)) is None


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, " must be the path of a file of keys; that file cannot be read: No such file or directory."),
        (b"\xff", " must be the path of a file of keys; that file cannot be read: it is no UTF-8 text."),
        (b"", ": the file of keys cannot be used: there is no key."),
        (f"{KEY} old:{KEY}".encode(), ": the file of keys cannot be used: item 1 is not id:key"),
    ],
)
def test_a_file_that_cannot_be_used_is_a_wrong_setting(tmp_path: Path, content: bytes | None, problem: str):
    file = tmp_path / "keys"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InvalidSetting) as error:
        temporal_link(settings(file))
    assert str(error.value).startswith(f"ICHOR_ENCRYPTION_KEYS{problem}")
    assert KEY not in str(error.value)


@pytest.mark.parametrize("content", [f"new:{KEY}", f"new:{KEY}," * 50], ids=["no file", "too long a path"])
def test_keys_in_the_place_of_the_path_are_not_shown(content: str):
    with pytest.raises(InvalidSetting, match="must be the path of a file of keys") as error:
        encryption_keys(settings(Path(content)))
    assert KEY not in str(error.value)
