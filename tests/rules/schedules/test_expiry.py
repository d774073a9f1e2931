"""How long an expiry counts: until nothing that it could end is open for that profile, so that profiles stay few."""

from datetime import date

from schedules.amendments import Hold
from schedules.blocks.scopes import Scope
from schedules.edition import Edition
from schedules.words import Rule
from tests.rules.schedules.plans import HANAKO, amended, local, plan, ruling

ENDS_ALL_THAT_EXPIRES = ["freeze", "send-end", "receive-end", "read-only", "homepage-upload-end", "homepage-end"]


def test_an_expiry_after_the_end_of_everything_it_could_end_does_not_multiply_profiles() -> None:
    edition = Edition(plan(dict.fromkeys(ENDS_ALL_THAT_EXPIRES, "2024-02-01")))
    forever = edition.profile(HANAKO)
    assert edition.profile(HANAKO, contract_expiry=date(2024, 2, 1)) == forever
    assert edition.profile(HANAKO, contract_expiry=date(2023, 1, 1), address_expiry=date(2025, 1, 1)) == forever
    assert edition.profile(HANAKO, contract_expiry=date(2024, 1, 30)) != forever


def test_an_expiry_counts_as_long_as_something_is_open_for_that_very_profile() -> None:
    edition = Edition(plan(dict.fromkeys(ENDS_ALL_THAT_EXPIRES, "2024-02-01")))
    held_on = amended(edition, Hold(Scope(area="17"), local("2024-03-01T00:00")))
    late = date(2024, 2, 1)
    assert held_on.profile(HANAKO, contract_expiry=late) == held_on.profile(HANAKO)
    assert held_on.profile(HANAKO, area="17", contract_expiry=late) != held_on.profile(HANAKO, area="17")
    assert held_on.profile(HANAKO, area="17", contract_expiry=date(2024, 3, 1)) == held_on.profile(HANAKO, area="17")


def test_what_a_plan_never_ends_an_expiry_can_always_end() -> None:
    edition = Edition(plan(dict.fromkeys(ENDS_ALL_THAT_EXPIRES[:-1], "2024-02-01")))
    late = edition.profile(HANAKO, contract_expiry=date(2030, 1, 1))
    assert late != edition.profile(HANAKO)
    assert ruling(edition, "homepage_download", "2030-01-02T00:00", late).rule is Rule.EXPIRY


def test_an_expiry_within_the_soft_hours_is_told_for_good() -> None:
    stages = dict.fromkeys(ENDS_ALL_THAT_EXPIRES, "2024-02-01") | {"receive-end": "{at: 2024-02-01, soft_for: 4 days}"}
    edition = Edition(plan(stages))
    expired = edition.profile(HANAKO, contract_expiry=date(2024, 2, 2))
    assert ruling(edition, "receive", "2024-02-02T23:59:59", expired).rule is Rule.SOFT_START
    assert ruling(edition, "receive", "2024-02-03T00:00", expired).rule is Rule.EXPIRY
    assert ruling(edition, "receive", "2024-02-05T00:00", expired).rule is Rule.STAGE
    assert edition.profile(HANAKO, contract_expiry=date(2024, 2, 5)) == edition.profile(HANAKO)
