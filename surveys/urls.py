"""Addresses of this app: staff pages first, customers' pages by token after."""

from django.urls import URLPattern, path

from surveys.views import public, staff

app_name = "surveys"
urlpatterns: list[URLPattern] = [
    path("surveys/", staff.survey_list, name="list"),
    path("surveys/new/", staff.survey_create, name="create"),
    path("surveys/<int:survey_id>/", staff.survey_results, name="results"),
    path("surveys/<int:survey_id>/comments/", staff.survey_comments, name="comments"),
    path("surveys/<int:survey_id>/edit/", staff.survey_edit, name="edit"),
    path("surveys/<int:survey_id>/open/", staff.survey_open, name="open"),
    path("surveys/<int:survey_id>/close/", staff.survey_close, name="close"),
    path("surveys/panel/<int:customer_id>/", staff.customer_panel, name="panel"),
    path("s/<str:token>/early/", public.early_answer, name="early"),
    path("s/<str:token>/wrong-person/", public.wrong_person, name="wrong-person"),
    path("s/<str:token>/stop/", public.stop_surveys, name="stop"),
    path("s/<str:token>", public.answer_survey, name="answer"),
]
