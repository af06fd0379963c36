"""Addresses of stages, personas and usage, included by `customers.urls`."""

from django.urls import URLPattern, URLResolver, path

from customers.stages.views import panel, personas, stages, usage

urlpatterns: list[URLPattern | URLResolver] = [
    path("settings/stages/", stages.stage_list, name="stage-list"),
    path("settings/stages/preview/", stages.stage_preview, name="stage-preview"),
    path("settings/stages/install/", stages.stage_install, name="stage-install"),
    path("settings/stages/history/", stages.stage_history, name="stage-history"),
    path("settings/personas/", personas.persona_list, name="persona-list"),
    path("settings/personas/new/", personas.persona_add, name="persona-add"),
    path("settings/personas/<int:pk>/", personas.persona_edit, name="persona-edit"),
    path("settings/personas/<int:pk>/move/", personas.persona_move, name="persona-move"),
    path("settings/personas/<int:pk>/delete/", personas.persona_delete, name="persona-delete"),
    path("settings/usage/", usage.usage_edit, name="usage-edit"),
    path("customers/<int:pk>/standing/", panel.standing, name="standing-panel"),
]
