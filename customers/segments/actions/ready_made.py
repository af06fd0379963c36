"""Segments that nearly every company wants, made with one button."""

from collections.abc import Collection
from datetime import datetime

from django.utils.text import slugify

from customers.models import Segment
from customers.segments.actions import save
from customers.segments.queries import recipes as recipe_queries
from customers.segments.rules.recipes import Recipe

__all__ = ["Recipe", "install_ready_made", "installed", "recipes"]


def recipes(at: datetime) -> list[Recipe]:
    """The ready-made segments that this company's data can fill at `at`, installed or not, in the order of the gallery."""
    return recipe_queries.fitting()


def installed(found: list[Recipe]) -> dict[str, int]:
    """Ids of the segments that were made from these recipes, by the recipe's key.

    A segment counts as there when one has its name now or had it when it was made, whatever became of its rules.
    """
    rows = list(Segment.objects.values_list("id", "name", "slug"))
    by_name = {name: pk for pk, name, _slug in rows}
    by_slug = {slug: pk for pk, _name, slug in rows}
    ids = {recipe.key: by_name.get(recipe.name) or by_slug.get(slugify(recipe.name)) for recipe in found}
    return {key: pk for key, pk in ids.items() if pk}


def install_ready_made(at: datetime, *, user_id: int | None = None, keys: Collection[str] | None = None) -> list[Segment]:
    """Create the ready-made segments that this company's data can fill and that are not there yet; returns the new ones.

    Only those of `keys` when it is given. New ones are filled by the job that fills segments.
    """
    found = recipes(at)
    taken = installed(found)
    return [
        save.rules(name=recipe.name, description=recipe.description, definition=recipe.definition, at=at, user_id=user_id,
                   is_ready_made=True)
        for recipe in found
        if recipe.key not in taken and (keys is None or recipe.key in keys)
    ]  # fmt: skip
