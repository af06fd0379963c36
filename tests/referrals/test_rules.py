"""One mailbox behind its spellings; what counts as misuse."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referrals.enums import SignalKind
from referrals.rules import emails, fraud
from referrals.rules.fraud import Case, Side, Verdict
from referrals.rules.visitors import is_machine

pytestmark = pytest.mark.engine_free


@pytest.mark.parametrize(
    ("address", "mailbox"),
    [
        (" Anna@Example.COM ", "anna@example.com"),
        ("anna+shop@example.com", "anna@example.com"),
        ("an.na+x@googlemail.com", "anna@gmail.com"),
        ("a.n.n.a@gmail.com", "anna@gmail.com"),
        ("an.na@example.com", "an.na@example.com"),
        ("anna@bücher.example", "anna@xn--bcher-kva.example"),
        ("anna@example.com.", "anna@example.com"),
        ("x7k@privaterelay.appleid.com", "x7k@privaterelay.appleid.com"),
        ("", ""),
        ("anna", ""),
        ("anna@", ""),
        ("anna@localhost", ""),
        ("a b@example.com", ""),
        ("anna@example.com, eve@example.com", ""),
        ("<anna@example.com>", ""),
        ("+tag@example.com", ""),
        ("..@gmail.com", ""),
        ("anna@a..example", ""),
    ],
)
def test_normalise_names_the_mailbox(address, mailbox):
    assert emails.normalise(address) == mailbox


@given(st.text(max_size=80))
def test_normalise_takes_any_text_and_is_stable(text):
    mailbox = emails.normalise(text)

    assert emails.normalise(mailbox) == mailbox


@given(st.from_regex(r"[a-z]{1,8}(\.[a-z]{1,4})?", fullmatch=True), st.from_regex(r"[a-z0-9.]{0,8}", fullmatch=True))
def test_tags_and_dots_never_make_a_second_gmail_person(local, tag):
    assert emails.normalise(f"{local}+{tag}@googlemail.com") == emails.normalise(f"{local.replace('.', '')}@gmail.com")


def test_masked_hides_the_address():
    assert emails.masked("fiona@example.com") == "fi***@e***"
    assert emails.masked("") == "***"


def case(at, advocate=None, friend=None, **values):
    values = {"claimed_at": at, "ordered_at": at + timedelta(days=2), **values}
    return Case(Side(**(advocate or {})), Side(**(friend or {})), **values)


def kinds(case):
    return {signal.kind: signal.score for signal in fraud.signals(case)}


def test_unknown_sides_share_nothing(at):
    assert fraud.signals(case(at)) == []


def test_shared_network_alone_never_stops_a_reward(at):
    found = kinds(case(at, {"network_hash": "n", "agent_hash": "a"}, {"network_hash": "n", "agent_hash": "b"}))

    assert found == {SignalKind.SAME_ADDRESS: 15}
    assert fraud.verdict(15) == Verdict.APPROVE


def test_shared_network_and_browser_asks_a_person(at):
    found = kinds(case(at, {"network_hash": "n", "agent_hash": "a"}, {"network_hash": "n", "agent_hash": "a"}))

    assert found == {SignalKind.SAME_ADDRESS_AND_BROWSER: 40}
    assert fraud.verdict(40) == Verdict.FLAG


def test_same_browser_blocks(at):
    assert fraud.verdict(sum(kinds(case(at, {"visitor_hash": "v"}, {"visitor_hash": "v"})).values())) == Verdict.BLOCK


def test_other_signs_and_their_weights(at):
    found = kinds(
        case(
            at,
            {"name": "Bob  Stone", "email": "bob@acme.example"},
            {"name": "bob stone", "email": "b2@acme.example"},
            ordered_at=at + timedelta(seconds=12),
            claims_from_network=4,
            claims_on_code=11,
        )
    )

    assert found == {
        SignalKind.SAME_NAME: 60,
        SignalKind.SAME_COMPANY_DOMAIN: 30,
        SignalKind.INSTANT_ORDER: 30,
        SignalKind.MANY_FROM_ADDRESS: 40,
        SignalKind.BURST: 30,
    }
    assert kinds(case(at, {"email": "a@gmail.com"}, {"email": "b@gmail.com"})) == {}
    assert kinds(case(at, {}, {"email": "x@mailinator.com"})) == {SignalKind.DISPOSABLE_EMAIL: 40}


@pytest.mark.parametrize(("score", "verdict"), [(0, "approve"), (34, "approve"), (35, "flag"), (69, "flag"), (70, "block")])
def test_verdict_thresholds(score, verdict):
    assert fraud.verdict(score) == verdict


def test_machines_are_known_by_name():
    assert is_machine("")
    assert is_machine("WhatsApp/2.24")
    assert not is_machine("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
