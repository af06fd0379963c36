"""The house itself: floors, rooms, locks, queues, documents."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings

from config import schedule
from customers.ports import event_types, jobs, merge, nav, panels, personal_data, samples

pytestmark = pytest.mark.engine_free

ROOT = Path(settings.BASE_DIR)
APPS = ("customers", "campaigns", "loyalty", "referrals", "surveys", "metrics")
FLOOR = {"config": 4, "metrics": 3, "campaigns": 2, "loyalty": 2, "referrals": 2, "surveys": 2, "customers": 1}
ROOMS = {
    "apps", "urls", "views", "api", "admin", "management", "forms", "filters", "tasks", "subscribers", "actions", "queries",
    "adapters", "models", "rules", "events", "ports", "enums", "migrations", "sql", "sample", "templatetags", "tests",
    "definitions",
}  # fmt: skip
SUB_DOMAINS = {
    "customers": {
        "segments",
        "imports",
        "ingest",
        "commerce",
        "exports",
        "sources",
        "stages",
        "tracking",
        "consents",
        "privacy",
    },
    "campaigns": {"journeys"},
}
TOP_LEVEL = {
    "manage.py", "pyproject.toml", "config", "customers", "campaigns", "loyalty", "referrals", "surveys", "metrics", "templates",
    "tests", "docs", "static", "locale", ".ci", "requirements", "README.md", "CHANGELOG.md", "LICENSE", "Makefile",
    "package.json", "package-lock.json", "compose.yaml", "Dockerfile", ".gitignore", ".npmrc", ".dockerignore", ".editorconfig",
}  # fmt: skip


def tracked():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [Path(line) for line in listed.stdout.splitlines()]


def python_files():
    return [path for path in tracked() if path.suffix == ".py" and path.parts[0] in FLOOR]


def test_top_level_holds_nothing_else():
    assert {path.parts[0] for path in tracked()} - TOP_LEVEL == set()


@pytest.mark.parametrize("app", APPS)
def test_rooms_have_known_names(app):
    rooms = {Path(path.parts[1]).stem for path in python_files() if path.parts[0] == app} - {"__init__"}

    assert rooms - ROOMS - SUB_DOMAINS.get(app, set()) == set()


def test_ground_floor_stays_small():
    assert len(list((ROOT / "config/kit").glob("*.py"))) - 1 <= 8


def foreign_keys_upward(models):
    upward = []
    for model in models:
        for field in model._meta.get_fields():
            other = getattr(field, "related_model", None)
            if not getattr(field, "concrete", False) or other is None or isinstance(other, str):
                continue
            here, there = model._meta.app_label, other._meta.app_label
            if here in FLOOR and there in FLOOR and here != there and FLOOR[there] >= FLOOR[here]:
                upward.append(f"{model._meta.label}.{field.name} → {other._meta.label}")
    return upward


def test_foreign_keys_point_down():
    assert foreign_keys_upward(apps.get_models()) == []


def test_foreign_keys_upward_are_found():
    """The check itself can fail: a made-up customer table pointing at a campaign is reported."""
    from types import SimpleNamespace as Fake

    campaign = apps.get_model("campaigns", "Campaign")
    field = Fake(name="campaign", concrete=True, related_model=campaign)
    wrong = Fake(_meta=Fake(app_label="customers", label="customers.Wrong", get_fields=lambda: [field]))

    assert foreign_keys_upward([wrong]) == ["customers.Wrong.campaign → campaigns.Campaign"]


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("customers", "import campaigns.models", "Floors"),
        ("loyalty", "import referrals.models", "Floors"),
        ("config.kit.clock", "import customers.models", "Floors"),
        ("surveys", "import config.urls", "roof"),
        ("loyalty.rules.lots", "import loyalty.models", "Leaves"),
    ],
)
def test_contracts_can_fail(tmp_path, module, line, contract):
    """Each import contract is seen to fail on a copy of the tree with one wrong import."""
    copy = tmp_path / "house"
    for path in [*python_files(), Path("pyproject.toml")]:
        (copy / path).parent.mkdir(parents=True, exist_ok=True)
        (copy / path).write_bytes((ROOT / path).read_bytes())
    target = copy / Path(*module.split("."))
    target = target.with_suffix(".py") if target.with_suffix(".py").exists() else target / "urls.py"
    target.write_text(f"{line}\n{target.read_text()}")

    result = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 1
    assert re.search(rf"{contract}.*BROKEN", result.stdout)


def test_locks_name_no_host():
    for name in ("requirements/base.txt", "requirements/dev.txt", "package-lock.json"):
        text = (ROOT / name).read_text()

        assert re.findall(r"https?://\S+|--(?:extra-)?index-url|\"resolved\"", text) == [], name


def test_each_dependency_says_why():
    lines = (ROOT / "pyproject.toml").read_text().splitlines()
    declared = [line for line in lines if re.match(r'^    "[a-z0-9-]+(\[[a-z,]+\])?[><=~]', line)]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())

    assert len(declared) == len(project["project"]["dependencies"]) + len(project["dependency-groups"]["dev"])
    assert [line for line in declared if not re.search(r",\s+# \w+", line)] == []


def test_every_queue_has_a_worker():
    from config.management.commands.up import Command

    command = " ".join(Command()._worker_command())

    assert {job.queue for job in jobs.all()} <= set(schedule.queues())
    assert f"-Q {','.join(schedule.queues())}" in command


def test_every_job_is_a_task():
    from config.celery import app

    app.loader.import_default_modules()

    assert {job.task for job in jobs.all()} - set(app.tasks) == set()


@pytest.mark.parametrize("app", APPS)
def test_each_app_registers_what_it_must(app):
    prefixes = {"campaigns": "messages", "referrals": "referrals", "surveys": "surveys", "loyalty": "loyalty"}
    assert any(item.key.startswith(app) or item.url_name.startswith(app) for item in nav.all())
    assert any(part.key.startswith(app) for part in samples.all())
    if app in prefixes:
        assert panels.registry.has(prefixes[app])
        assert merge.registry.all()
        assert personal_data.registry.has(app)


def test_every_model_with_a_customer_has_a_policy():
    covered = {model for item in personal_data.all() for model in item.models}
    customer = apps.get_model("customers", "Customer")
    owing = {
        model._meta.label
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if field.related_model is customer and model not in covered
    }

    assert owing == set()


def test_event_names_are_in_the_catalogue():
    """Every `noun.verb_past` constant of an events.py is an event type."""
    names = set()
    for path in python_files():
        if path.name == "events.py":
            for node in ast.walk(ast.parse((ROOT / path).read_text())):
                if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and "." in str(node.value.value):
                    names.add(node.value.value)

    assert names - {item.name for item in event_types.all()} == set()


def test_settings_are_documented():
    from config.environment import Environment

    text = (ROOT / "docs/settings.md").read_text()
    documented = set(re.findall(r"^\| `([A-Z_]+)` \|", text, re.MULTILINE))

    assert documented == {name.upper() for name in Environment.model_fields}


def test_no_words_of_unfinished_work():
    marks = re.compile(r"\b(TODO|FIXME|XXX|lorem ipsum|coming soon)\b", re.IGNORECASE)
    found = [
        f"{path}:{number}"
        for path in tracked()
        if path.suffix in {".py", ".html", ".js", ".css", ".md"} and path.parts[0] != "tests"
        for number, line in enumerate((ROOT / path).read_text().splitlines(), 1)
        if marks.search(line)
    ]

    assert found == []


def test_run_time_never_uses_the_shared_folder():
    found = [str(path) for path in python_files() if "/shared" in (ROOT / path).read_text()]

    assert found == []
