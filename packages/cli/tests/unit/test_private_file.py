"""Files that only their owner may read."""

from pathlib import Path

import pytest
from ichor_cli.dev_token import write_dev_token
from ichor_cli.private_file import write_private


def test_a_token_stands_in_a_file_that_only_its_owner_reads(tmp_path: Path):
    file = tmp_path / "tokens.json"
    file.touch(mode=0o644)
    write_dev_token(file)
    assert file.stat().st_mode & 0o777 == 0o600


def test_what_cannot_be_written_leaves_what_was_there(tmp_path: Path):
    file = tmp_path / "token-keys"
    write_private(file, "the old ones")
    with pytest.raises(UnicodeEncodeError):
        write_private(file, "half a character: \ud800")
    assert (file.read_text(), [item.name for item in tmp_path.iterdir()]) == ("the old ones", ["token-keys"])
