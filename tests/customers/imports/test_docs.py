"""docs/import.md lists the columns that the code takes."""

import os
from pathlib import Path

import pytest

from customers.enums import ImportKind
from customers.imports.rules import columns

pytestmark = pytest.mark.engine_free

PAGE = Path(__file__).resolve().parents[3] / "docs" / "import.md"
BEGIN = "<!-- columns: written by tests/customers/imports/test_docs.py with UPDATE_GOLDEN=1 -->"
END = "<!-- end of columns -->"


def table(kind):
    lines = [f"### {kind.label}", "", "| column | holds |", "|---|---|"]
    for column in columns.FORMATS[kind]:
        needed = "required: " if column.required else ""
        lines.append(f"| `{column.key}` | {needed}{column.help} |")
    return "\n".join(lines)


def test_page_lists_the_columns_of_each_kind():
    text = PAGE.read_text()
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    expected = "\n\n".join(table(kind) for kind in ImportKind)
    wanted = f"{before}{BEGIN}\n\n{expected}\n\n{END}{after}"
    if os.environ.get("UPDATE_GOLDEN"):
        PAGE.write_text(wanted)

    assert PAGE.read_text() == wanted
