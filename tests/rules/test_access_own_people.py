"""What may be agreed for somebody who acts for a person, and what may not."""

from datetime import UTC, datetime, timedelta

import pytest

from oneplace.access.rules import AUTHORITIES, MAY_CHOOSE, proxy_fault

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
DAY = timedelta(days=1)


def fault(*, scope=("plan",), authority="agreed", may_choose=False, ends=None) -> str:
    return proxy_fault(scope, ("plan", "documents"), authority, may_choose, NOW, ends)


@pytest.mark.parametrize("authority", ["agreed", "attorney", "deputy", "parent"])
def test_access_for_another_may_be_agreed_on_the_word_of_each_authority(authority):
    assert fault(authority=authority) == ""
    assert fault(authority=authority, scope=("plan", "documents"), ends=NOW + DAY) == ""
    assert (fault(authority=authority, may_choose=True) == "") == (authority != "agreed")


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"scope": ()}, "Choose at least one kind of information"),
        ({"scope": ("plan", "safeguarding", "hiv")}, "A proxy may never see 'hiv'"),
        ({"authority": "self"}, "Say on whose word they act: agreed, attorney, deputy, parent."),
        ({"authority": ""}, "Say on whose word they act"),
        ({"may_choose": True}, "Somebody with the person's agreement alone can't choose"),
        ({"ends": NOW}, "The last day must come after the first"),
        ({"ends": NOW - DAY}, "The last day must come after the first"),
    ],
)
def test_access_for_another_that_may_not_be_is_refused_with_the_reason(told, words):
    assert fault(**told).startswith(words)


def test_choices_go_with_the_law_alone():
    assert {"attorney", "deputy", "parent"} == MAY_CHOOSE
    assert set(AUTHORITIES) > MAY_CHOOSE
