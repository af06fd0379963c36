"""Customers and staff."""

from datetime import UTC, datetime

from django.contrib.auth.models import Permission, User

from customers.models import Customer

LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)


def customer(first_name="Alice", **values):
    email = values.pop("email", f"{first_name.lower()}@example.com")
    created_at = values.pop("created_at", LONG_AGO)
    return Customer.objects.create(
        first_name=first_name, email=email, created_at=created_at, updated_at=created_at, **values
    )


def alice(**values):
    return customer("Alice", **values)


def bob(**values):
    return customer("Bob", **values)


def carol(**values):
    return customer("Carol", **values)


def staff_member(username="marta", *permissions, is_superuser=False):
    user = User.objects.create_user(username, f"{username}@example.com", "correct horse battery", is_staff=True,
                                    is_superuser=is_superuser)  # fmt: skip
    for name in permissions:
        app, codename = name.split(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    return user
