"""Who may open what: every address, against a list kept beside this test (UPDATE_GOLDEN=1 rewrites it for review)."""

import os
import re
from pathlib import Path

import pytest
from django.contrib.auth.models import Group
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
    return {name: SAMPLES[kind or "str"] for kind, name in re.findall(r"<(?:(\w+):)?(\w+)>", route)}


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
    wrong = [name for route, name, _ in STAFF if _status(client, route, name) not in {"302 /accounts/login/", "405"}]

    assert wrong == []


def _status(client, route, name, method="get"):
    response = getattr(client, method)(address(route, name))
    target = response.headers.get("Location", "").split("?")[0]
    return f"{response.status_code} {target}".strip()


@pytest.mark.django_db
def test_staff_without_the_permission_are_refused(client):
    client.force_login(people.staff_member("nobody"))
    guarded = [(route, name) for route, name, permissions in STAFF if permissions]

    assert {(name, _status(client, route, name)) for route, name in guarded} == {(name, "403") for _, name in guarded}


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
             "customers.view_customer", "auth.change_user"]  # fmt: skip

    assert {role: [may(role, permission) for permission in asked] for role in roles.ROLES} == {
        "admin": [True, True, True, True, True, True],
        "marketer": [True, False, False, True, True, False],
        "approver": [True, False, False, False, True, False],
        "analyst": [False, True, False, False, True, False],
        "support": [False, False, True, True, True, False],
    }
