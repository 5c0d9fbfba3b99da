from pathlib import Path

import pytest
from ichor_service import InvalidSetting, read_api_tokens

TOKEN = "ichor_hidden"


@pytest.mark.parametrize("written", [TOKEN, f"tokens: [{{name: erp, sha256: {TOKEN}}}]", TOKEN * 50])
def test_tokens_in_the_place_of_the_path_are_not_shown(written: str):
    with pytest.raises(InvalidSetting, match=r"^ICHOR_API_TOKENS must be the path of a file of hashed tokens;") as told:
        read_api_tokens(written)
    assert "hidden" not in str(told.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (TOKEN, "is wrong: it must be an object"),
        (f"tokens: [{{name: erp, sha256: {TOKEN}}}]", "is wrong: tokens.0"),
        (f"tokens: [{TOKEN}", "cannot be read: The text is no YAML: line"),
    ],
)
def test_what_a_wrong_file_holds_is_not_shown(tmp_path: Path, content: str, said: str):
    file = tmp_path / "tokens.yaml"
    file.write_text(content)
    with pytest.raises(InvalidSetting, match=f"^ICHOR_API_TOKENS: the file {file} {said}") as told:
        read_api_tokens(file)
    assert "hidden" not in str(told.value)
