"""The REST API reads customers, orders and segments for those who may."""

import pytest

from customers.models import Order, OrderLine, Product
from tests.factories import people

pytestmark = pytest.mark.django_db


def an_order(customer, at):
    order = Order.objects.create(
        customer=customer, number="A1", placed_at=at, local_day=at.date(), total_minor=500, currency="EUR"
    )
    OrderLine.objects.create(order=order, product=Product.objects.create(sku="CUP"), quantity=2, unit_minor=250)
    return order


def test_api_shows_orders_with_lines_in_few_queries(client, at, django_assert_max_num_queries):
    client.force_login(people.staff_member("marta", "customers.view_order"))
    an_order(people.alice(), at)

    with django_assert_max_num_queries(8):
        answer = client.get("/api/v1/orders/").json()

    assert [(row["number"], row["lines"]) for row in answer["results"]] == [
        ("A1", [{"sku": "CUP", "quantity": 2, "unit_minor": 250}])
    ]


def test_api_filters_customers(client):
    client.force_login(people.staff_member("marta", "customers.view_customer"))
    people.alice(country="GB")
    people.bob(country="FR")

    answer = client.get("/api/v1/customers/?country=FR").json()

    assert [row["first_name"] for row in answer["results"]] == ["Bob"]


@pytest.mark.parametrize("path", ["customers", "orders", "segments"])
def test_api_refuses_strangers_and_staff_without_permission(client, path):
    people.alice()
    assert client.get(f"/api/v1/{path}/").status_code == 403

    client.force_login(people.staff_member("nobody"))

    assert client.get(f"/api/v1/{path}/").status_code == 403
