"""Blocks that can only read, on both engines."""

import pytest
from django.db import DatabaseError, connection, transaction

from config.kit.sql import TookTooLong, read_only
from customers.models import Customer, Topic

# Counting a billion rows takes minutes on any machine.
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000) SELECT COUNT(*) FROM n"


def fetch(text):
    with connection.cursor() as cursor:
        cursor.execute(text)
        return cursor.fetchone()[0]


@pytest.mark.django_db
def test_a_block_that_reads_gives_what_it_reads():
    Topic.objects.create(slug="news", name="News")

    with read_only(5):
        names = list(Topic.objects.values_list("name", flat=True))

    assert names == ["News"]


@pytest.mark.django_db
def test_a_block_that_writes_is_refused_and_leaves_nothing():
    with pytest.raises(DatabaseError, match=r"read-?only"), read_only(5):
        Topic.objects.create(slug="news", name="News")

    assert Topic.objects.count() == 0


@pytest.mark.django_db
def test_the_transaction_around_the_block_goes_on_writing(at):
    with transaction.atomic():
        Topic.objects.create(slug="before", name="Before")
        with read_only(5):
            assert Topic.objects.count() == 1
        Topic.objects.create(slug="after", name="After")
        Customer.objects.create(first_name="Ana", created_at=at, updated_at=at)

    assert sorted(Topic.objects.values_list("slug", flat=True)) == ["after", "before"]


@pytest.mark.django_db
def test_a_statement_without_end_is_stopped_and_the_next_one_runs():
    with pytest.raises(TookTooLong), read_only(0.2):
        fetch(ENDLESS)

    assert fetch("SELECT 1") == 1
    Topic.objects.create(slug="news", name="News")


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_it_works_as_well():
    with pytest.raises(TookTooLong), read_only(0.2):
        fetch(ENDLESS)
    with read_only():
        assert Topic.objects.filter(slug="news").exists() is False

    Topic.objects.create(slug="news", name="News")

    assert Topic.objects.count() == 1


@pytest.mark.django_db
def test_a_mistake_in_a_statement_stays_a_mistake():
    with pytest.raises(DatabaseError), read_only(5):
        fetch("SELECT nothing FROM nowhere")
