"""Who may open what: every address, against a list kept beside this test (UPDATE_GOLDEN=1 rewrites it for review)."""

import os
import re
from pathlib import Path

import pytest
from django.contrib.auth.models import Group, Permission
from django.urls import NoReverseMatch, URLResolver, get_resolver, reverse

from config import roles
from tests.factories import people

GOLDEN = Path(__file__).parent / "access.txt"
FOREIGN = ("admin/", "accounts/", "api/")
SAMPLES = {
    "int": 987654321, "str": "nothing-here", "slug": "nothing-here", "uuid": "00000000-0000-4000-8000-000000000000",
    "path": "nothing/here",
}  # fmt: skip


def routes(resolver=None, prefix="", namespace=""):
    for pattern in (resolver or get_resolver()).url_patterns:
        route = prefix + str(pattern.pattern)
        if route.startswith(FOREIGN):
            continue
        if isinstance(pattern, URLResolver):
            inner = ":".join(part for part in (namespace, pattern.namespace) if part)
            yield from routes(pattern, route, inner)
        else:
            yield route, f"{namespace}:{pattern.name}" if namespace else str(pattern.name), pattern.callback


def access_of(view):
    if hasattr(view, "staff_permissions"):
        return "staff: " + (", ".join(view.staff_permissions) or "any")
    return "public" if getattr(view, "is_public", False) else "open"


def arguments(route):
    plain = {name: SAMPLES[kind or "str"] for kind, name in re.findall(r"(?<!P)<(?:(\w+):)?(\w+)>", route)}
    return plain | {
        name: "7" if "\\d" in pattern else "x" * 32 for name, pattern in re.findall(r"\(\?P<(\w+)>([^)]*)\)", route)
    }


def address(route, name):
    try:
        return reverse(name, kwargs=arguments(route))
    except NoReverseMatch:
        return "/" + re.sub(r"<(?:(\w+):)?\w+>", lambda found: str(SAMPLES[found[1] or "str"]), route)


STAFF = [(route, name, view.staff_permissions) for route, name, view in routes() if hasattr(view, "staff_permissions")]
PUBLIC = [(route, name) for route, name, view in routes() if getattr(view, "is_public", False) and "<" in route]


def test_each_address_has_the_access_that_was_agreed():
    lines = sorted(f"/{route}  {access_of(view)}" for route, _, view in routes())
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text("\n".join(lines) + "\n")

    assert lines == GOLDEN.read_text().splitlines()


@pytest.mark.django_db
def test_strangers_are_sent_to_sign_in(client):
    wrong = [
        (name, method)
        for route, name, _ in STAFF
        for method in ("get", "post")
        if _status(client, route, name, method) not in {"302 /accounts/login/", "405"}
    ]

    assert wrong == []


def _status(client, route, name, method="get"):
    response = getattr(client, method)(address(route, name))
    target = response.headers.get("Location", "").split("?")[0]
    return f"{response.status_code} {target}".strip()


@pytest.mark.django_db
def test_staff_without_the_permission_are_refused(client):
    client.force_login(people.staff_member("nobody"))
    guarded = [(route, name) for route, name, permissions in STAFF if permissions]

    got = {(name, method, _status(client, route, name, method)) for route, name in guarded for method in ("get", "post")}

    assert {found for found in got if found[2] not in {"403", "405"}} == set()
    assert {name for name, method, status in got if status == "403"} == {name for _, name in guarded}


# Settings of the whole installation, and verbs that undo a safeguard, are for admins alone.
ADMIN_ONLY = {
    "customers.change_brand", "customers.add_topic", "customers.change_topic", "customers.delete_suppression",
    "customers.change_failedevent", "customers.add_writekey", "customers.change_writekey",
    "customers.erase_customer", "customers.add_connection", "customers.change_connection", "customers.delete_connection",
    "customers.delete_exchangerate",
}  # fmt: skip


@pytest.mark.django_db
def test_each_permission_that_a_page_asks_for_is_held_by_some_role():
    roles.sync()
    held = Group.objects.exclude(name="admin").values_list("permissions__content_type__app_label", "permissions__codename")
    asked = {permission for _, _, permissions in STAFF for permission in permissions}

    assert asked - {f"{app}.{codename}" for app, codename in held} == ADMIN_ONLY & asked
    known = set(Permission.objects.values_list("content_type__app_label", "codename"))
    assert {permission for permission in asked if tuple(permission.split(".")) not in known} == set()


@pytest.mark.django_db
def test_unknown_tokens_answer_one_plain_page(client):
    bodies = set()
    for route, name in PUBLIC:
        if "openid" in name or name.endswith(("-pixel", ":open")):
            continue
        for method in ("get", "post"):
            response = getattr(client, method)(address(route, name))
            assert response.status_code in {404, 405}, (method, name, response.status_code)
            if response.status_code == 404:
                bodies.add(re.sub(rb'value="[^"]+"', b"", response.content))

    assert len(PUBLIC) >= 8
    assert len(bodies) == 1


@pytest.mark.django_db
def test_each_role_may_do_its_work_and_no_more():
    roles.sync()

    def may(role, permission):
        app, codename = permission.split(".")
        return Group.objects.get(name=role).permissions.filter(content_type__app_label=app, codename=codename).exists()

    asked = ["campaigns.launch_campaign", "customers.export_customer", "loyalty.adjust_points", "customers.change_customer",
             "customers.view_customer", "auth.change_user", "campaigns.publish_journey", "loyalty.change_redemption"]  # fmt: skip

    assert {role: [may(role, permission) for permission in asked] for role in roles.ROLES} == {
        "admin": [True, True, True, True, True, True, True, True],
        "marketer": [True, False, False, True, True, False, True, True],
        "approver": [True, False, False, False, True, False, True, False],
        "analyst": [False, True, False, False, True, False, False, False],
        "support": [False, False, True, True, True, False, False, True],
    }
