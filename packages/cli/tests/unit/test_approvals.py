"""What `ichor approve` and `ichor approvals` refuse before they ask the database."""

from uuid import UUID

import pytest
from ichor_cli.commands.approvals import approvals, approve
from ichor_cli.errors import Missing, WrongUsage


@pytest.mark.parametrize("user", ["", "x" * 201])
def test_a_user_that_none_can_be_is_wrong_usage(user: str):
    with pytest.raises(WrongUsage, match="character"):
        approve(str(UUID(int=1)), user)
    with pytest.raises(WrongUsage, match="character"):
        approvals(user=user)


def test_what_is_no_id_is_no_approval():
    with pytest.raises(Missing, match="There is no approval with the id nope"):
        approve("nope", "ada")
