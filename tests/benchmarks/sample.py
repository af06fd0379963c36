"""The sample company on the embedded default, and `make run` on a fresh clone in an empty home."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from django.conf import settings

from tests.benchmarks.harness import Report

ROOT = Path(settings.BASE_DIR)


def _clean_environment(home: Path) -> dict[str, str]:
    path = os.pathsep.join(part for part in os.environ["PATH"].split(os.pathsep) if ".venv" not in part)
    return {"PATH": path, "HOME": str(home), "LANG": "C.UTF-8"}


def _load_on_sqlite() -> float:
    with tempfile.TemporaryDirectory() as folder:
        environment = {**_clean_environment(Path(folder)), "DATA_DIR": folder}
        manage = [sys.executable, str(ROOT / "manage.py")]
        subprocess.run([*manage, "migrate", "-v0"], env=environment, check=True, cwd=ROOT)
        started = time.perf_counter()
        subprocess.run([*manage, "load_sample"], env=environment, check=True, cwd=ROOT)
        return time.perf_counter() - started


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _make_run() -> float:
    folder = Path(tempfile.mkdtemp(prefix="perennial-fresh-"))
    try:
        subprocess.run(["git", "clone", "-q", str(ROOT), str(folder / "perennial")], check=True)
        (folder / "home").mkdir()
        started = time.perf_counter()
        process = subprocess.Popen(
            ["make", "run", f"PORT={_free_port()}"], cwd=folder / "perennial", env=_clean_environment(folder / "home"),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip
        for line in process.stdout or ():
            if "Perennial is ready" in line:
                taken = time.perf_counter() - started
                os.killpg(process.pid, signal.SIGINT)
                process.wait(40)
                return taken
        raise RuntimeError(f"make run stopped with {process.wait()} before it was ready")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(report: Report) -> None:
    seconds = _load_on_sqlite()
    report.add("sample company on SQLite", seconds, None, unit="s", goal="< 60 s", passed=seconds < 60)
    seconds = _make_run()
    report.add("make run, fresh clone, empty home", seconds, None, unit="s", goal="< 180 s", passed=seconds < 180)
