import os
import pwd

import pytest
from ichor_testing.account import unprivileged


@pytest.mark.skipif(os.geteuid() != 0, reason="only root takes another account")
def test_root_takes_the_first_account_that_exists() -> None:
    account = unprivileged("no-such-account", "nobody")
    assert account is not None
    assert (account.name, account.uid) == ("nobody", pwd.getpwnam("nobody").pw_uid)


@pytest.mark.skipif(os.geteuid() == 0, reason="root takes another account")
def test_others_stay_who_they_are() -> None:
    assert unprivileged("nobody") is None
