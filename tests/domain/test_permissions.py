"""Who may do what."""

import pytest

from fedishare.domain.permissions import RULES, Role, Verb, may

MEMBER, MODERATOR, ADMIN = Role


@pytest.mark.parametrize(
    ("verb", "allowed"),
    [
        (Verb.POST, {MEMBER, MODERATOR, ADMIN}),
        (Verb.UPLOAD, {MEMBER, MODERATOR, ADMIN}),
        (Verb.CREATE_ROOM, {MEMBER, MODERATOR, ADMIN}),
        (Verb.EDIT_POST, set()),
        (Verb.DELETE_POST, {MODERATOR, ADMIN}),
        (Verb.MODERATE_ROOM, {ADMIN}),
        (Verb.DECIDE_REPORTS, {MODERATOR, ADMIN}),
        (Verb.MANAGE_ACCOUNTS, {ADMIN}),
        (Verb.CHANGE_SETTINGS, {ADMIN}),
        (Verb.CREATE_HANDLE, {MEMBER, MODERATOR, ADMIN}),
        (Verb.CREATE_SCHOOL, {ADMIN}),
        (Verb.MANAGE_HANDLE, {ADMIN}),
    ],
)
def test_roles_alone_allow(verb: Verb, allowed: set[Role]) -> None:
    assert {role for role in Role if may(role, verb)} == allowed


def test_owning_a_thing_allows_changing_it_and_nothing_about_the_node() -> None:
    by_owning = {verb for verb in Verb if may(MEMBER, verb, owns=True) and not may(MEMBER, verb)}

    assert by_owning == {
        Verb.EDIT_POST,
        Verb.DELETE_POST,
        Verb.EDIT_ROOM,
        Verb.MODERATE_ROOM,
        Verb.MANAGE_HANDLE,
        Verb.CLOSE_COLLECTION,
    }


def test_moderating_a_room_allows_what_concerns_the_room_only() -> None:
    by_moderating = {verb for verb in Verb if may(MEMBER, verb, moderates=True) and not may(MEMBER, verb)}

    assert by_moderating == {Verb.MODERATE_ROOM}


def test_an_admin_may_all_that_a_moderator_may_and_a_moderator_all_that_a_member_may() -> None:
    of_member, of_moderator, of_admin = ({verb for verb in Verb if may(role, verb)} for role in Role)

    assert of_member < of_moderator < of_admin


def test_every_verb_has_its_rule() -> None:
    assert set(RULES) == set(Verb)
