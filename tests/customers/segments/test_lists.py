"""Lists: who is meant is shown first, done once, and counted right whoever else changes the list."""

import threading
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse

from config.kit.clock import now
from customers.models import Event, ListUpload, Segment, SegmentChange, SegmentMembership
from customers.segments.actions import list_uploads, lists, save
from customers.segments.rules import list_columns
from tests.factories import people

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def marketer(client):
    client.force_login(
        people.staff_member(
            "marta",
            "customers.view_segment",
            "customers.add_segment",
            "customers.change_segment",
            "customers.view_customer",
        )
    )
    return client


@pytest.fixture
def guests(at):
    return save.listed(name="Guests", at=at)


def members(segment):
    return sorted(segment.memberships.values_list("customer__first_name", flat=True))


def edit(client, segment, **values):
    """Name people; returns the address of the page that shows what will happen."""
    return client.post(reverse("customers:segment-list-edit", args=[segment.pk]), {"mode": "add", **values}).url


def upload_of(text, name="people.csv"):
    return SimpleUploadedFile(name, text.encode() if isinstance(text, str) else text)


def sizes():
    upload = ListUpload.objects.latest("id")
    return upload.state, upload.known_count, upload.unknown_count, upload.shared_count, upload.entering, upload.leaving


def test_nothing_changes_before_somebody_has_seen_who_is_meant(marketer, guests):
    people.alice()

    page = edit(marketer, guests, people="alice@example.com nobody@example.com")

    assert sizes() == ("ready", 1, 1, 0, 1, 0)
    assert members(guests) == []
    marketer.post(page, {"do": "confirm"})
    assert members(guests) == ["Alice"]
    guests.refresh_from_db()
    assert guests.member_count == 1


def test_people_are_named_by_address_number_phone_and_either_id(marketer, guests):
    people.alice(), people.bob(external_id="b-1"), people.carol(phone="+441234567")
    dora = people.customer("Dora", email="")
    people.customer("Eve", email="").identities.create(kind="external", value="old-7", linked_at="2026-01-01T00:00Z")
    people.customer("Frank")

    page = edit(marketer, guests, people=f"ALICE@example.com, b-1; +44 old-7\n#{dora.pk} +441234567")
    marketer.post(page, {"do": "confirm"})

    assert members(guests) == ["Alice", "Bob", "Carol", "Dora", "Eve"]
    assert sizes()[2] == 1


def test_a_list_is_made_exactly_of_those_named(marketer, guests, at):
    alice, bob, carol = people.alice(), people.bob(), people.carol()
    lists.add(guests.pk, [alice.pk, bob.pk], at=at, is_silent=True)

    page = edit(marketer, guests, mode="replace", people=f"#{bob.pk} #{carol.pk}")

    assert sizes() == ("ready", 2, 0, 0, 1, 1)
    marketer.post(page, {"do": "confirm"})
    assert members(guests) == ["Bob", "Carol"]
    assert list(SegmentChange.objects.order_by("id").values_list("customer_id", "entered", "cause"))[2:] in (
        [(carol.pk, True, "list"), (alice.pk, False, "list")],
        [(alice.pk, False, "list"), (carol.pk, True, "list")],
    )


def test_people_are_taken_off_and_only_once(marketer, guests, at):
    alice, bob = people.alice(), people.bob()
    lists.add(guests.pk, [alice.pk, bob.pk], at=at, is_silent=True)
    page = edit(marketer, guests, mode="remove", people=f"#{bob.pk} #{bob.pk}")

    for _again in range(2):
        marketer.post(page, {"do": "confirm"})

    assert members(guests) == ["Alice"]
    guests.refresh_from_db()
    assert guests.member_count == 1
    assert SegmentChange.objects.filter(entered=False).count() == 1


def test_an_address_of_several_people_is_asked_about(marketer, guests):
    people.alice(), people.customer("Alina", email="alice@example.com"), people.bob()
    page = edit(marketer, guests, people="alice@example.com bob@example.com")

    assert sizes() == ("ready", 1, 0, 1, 1, 0)
    assert "Nobody who shares" in marketer.get(page).content.decode()
    marketer.post(page, {"do": "shared"})
    assert sizes() == ("ready", 3, 0, 1, 3, 0)
    marketer.post(page, {"do": "confirm"})
    assert members(guests) == ["Alice", "Alina", "Bob"]


@pytest.mark.parametrize("told", [True, False])
def test_journeys_hear_of_it_only_when_told(marketer, guests, told):
    people.alice()
    page = edit(marketer, guests, people="alice@example.com", **({"is_told": "on"} if told else {}))

    marketer.post(page, {"do": "confirm"})

    assert Event.objects.filter(name="segment.entered").count() == int(told)


def test_a_file_is_read_by_the_column_that_its_header_names(marketer, guests):
    people.alice(), people.bob()

    edit(marketer, guests, file=upload_of("Name;E-Mail\nA;alice@example.com\nB;bob@example.com\nX;no@example.com\n"))

    assert sizes() == ("ready", 2, 1, 0, 2, 0)


def test_a_file_whose_columns_say_nothing_is_asked_about(marketer, guests):
    people.alice()
    page = edit(marketer, guests, file=upload_of("foo,bar\nx,alice@example.com\n"))

    assert sizes()[0] == "asking"
    assert "2: bar" in marketer.get(page).content.decode()
    marketer.post(page, {"do": "column", "column": "1", "means": "email", "has_header": "on"})
    assert sizes() == ("ready", 1, 0, 0, 1, 0)


def test_unknown_entries_are_in_the_report_with_their_lines(marketer, guests):
    people.alice()
    page = edit(marketer, guests, file=upload_of("email\nalice@example.com\n=cmd()@example.com\nno@example.com\n"))

    report = b"".join(marketer.get(page + "report/").streaming_content).decode()

    assert report.splitlines() == [
        "line,entry,problem", "3,'=cmd()@example.com,nobody goes by it", "4,no@example.com,nobody goes by it",
    ]  # fmt: skip


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04xx", b"\xff\xfe\x00", b"\x00\x00\x00"])
def test_files_that_are_no_lists_are_refused_with_words(marketer, guests, content):
    answer = marketer.post(
        reverse("customers:segment-list-edit", args=[guests.pk]),
        {"mode": "add", "file": upload_of(content), "people": "x"}, follow=True,
    )  # fmt: skip

    assert answer.status_code == 200
    assert members(guests) == []


def test_a_long_list_is_read_and_done_in_the_background(
    marketer, guests, at, monkeypatch, django_capture_on_commit_callbacks
):
    monkeypatch.setattr(list_uploads, "AT_ONCE", 2)
    people.alice(), people.bob(), people.carol()
    page = edit(marketer, guests, people="alice@example.com bob@example.com carol@example.com")

    assert sizes()[0] == "reading"
    assert "Looking up who is meant" in marketer.get(page).content.decode()
    [upload_id] = list_uploads.due_ids(at)
    assert list_uploads.work(upload_id, clock=lambda: at) == "ready"
    marketer.post(page, {"do": "confirm"})
    assert (sizes()[0], members(guests)) == ("applying", [])
    assert list_uploads.work(upload_id, clock=lambda: at) == "done"
    assert members(guests) == ["Alice", "Bob", "Carol"]
    assert list_uploads.work(upload_id, clock=lambda: at) == ""


def test_a_dropped_upload_changes_nothing_and_leaves_no_file(marketer, guests, files):
    people.alice()
    page = edit(marketer, guests, people="alice@example.com")

    marketer.post(page, {"do": "drop"})
    marketer.post(page, {"do": "confirm"})

    assert (sizes()[0], members(guests)) == ("dropped", [])
    assert list(files.glob("lists/*")) == []


def test_a_new_list_is_filled_quietly(marketer):
    people.alice()

    page = marketer.post(reverse("customers:segment-list-add"), {"name": "Guests", "people": "alice@example.com"}).url
    marketer.post(page, {"do": "confirm"})

    assert members(Segment.objects.get()) == ["Alice"]
    assert not Event.objects.filter(name="segment.entered").exists()


def test_files_are_forgotten_after_a_day_also_those_of_lists_that_are_gone(marketer, guests, files, at):
    edit(marketer, guests, people="nobody@example.com")
    guests.delete()
    other = save.listed(name="Others", at=at)
    page = edit(marketer, other, people="nobody@example.com")
    ListUpload.objects.update(created_at=at)

    later = now() + timedelta(days=3)

    assert list_uploads.forget(at=later) == 1
    assert list(files.glob("lists/*")) == []
    assert marketer.get(page + "report/").status_code == 404
    assert sizes()[0] == "dropped"


def test_uploads_need_the_permission(client, guests, at):
    upload = ListUpload.objects.create(segment=guests, mode="add", created_at=at, state="ready", report="lists/x.csv")
    client.force_login(people.staff_member("sam", "customers.view_segment"))

    address = reverse("customers:segment-upload", args=[upload.pk])

    assert [client.get(address).status_code, client.post(address, {"do": "confirm"}).status_code] == [403, 403]
    assert client.get(address + "report/").status_code == 403


@pytest.mark.parametrize(
    ("first", "found"),
    [
        (["E-mail"], (0, "email", True)),
        (["name", "External ID"], (1, "external", True)),
        (["name", "Phone number"], (1, "phone", True)),
        (["customer_id", "name"], (0, "id", True)),
        (["alice@example.com"], (0, "mixed", False)),
        (["id", "email"], None),
        (["a", "b"], None),
    ],
)
def test_the_column_is_chosen_by_the_header(first, found):
    chosen = list_columns.choose(first)

    assert (chosen and (chosen.index, chosen.means, chosen.has_header)) == found


@pytest.mark.django_db(transaction=True)
def test_the_same_people_from_two_windows_count_once(on_postgresql, at):
    guests = save.listed(name="Guests", at=at)
    ids = [people.customer(f"C{n}", email=f"c{n}@example.com").pk for n in range(20)]
    text = " ".join(f"#{pk}" for pk in ids)
    uploads = [
        list_uploads.from_text(guests, text, mode="add", is_quiet=True, clock=lambda: at, user_id=None) for _ in range(4)
    ]

    def go(upload):
        list_uploads.confirm(upload, clock=lambda: at)
        connection.close()

    threads = [threading.Thread(target=go, args=[upload]) for upload in uploads]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]

    guests.refresh_from_db()
    assert guests.member_count == SegmentMembership.objects.filter(segment=guests).count() == 20
    assert SegmentChange.objects.filter(segment=guests).count() == 20
