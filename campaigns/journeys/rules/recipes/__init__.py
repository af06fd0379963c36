"""Ready-made journeys."""

from campaigns.journeys.rules.recipes.onboarding import ONBOARDING
from campaigns.journeys.rules.recipes.recipe import Mail, Recipe
from campaigns.journeys.rules.recipes.renewal import RENEWAL
from campaigns.journeys.rules.recipes.win_back import WIN_BACK

RECIPES = {recipe.key: recipe for recipe in [ONBOARDING, WIN_BACK, RENEWAL]}

__all__ = ["RECIPES", "Mail", "Recipe"]
