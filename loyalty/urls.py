"""Addresses of this app: staff pages first, customers' pages by token after."""

from django.urls import URLPattern, path

from loyalty.views import members, portal, staff

app_name = "loyalty"
urlpatterns: list[URLPattern] = [
    path("loyalty/", staff.overview, name="overview"),
    path("loyalty/programme/", staff.edit_programme, name="programme"),
    path("loyalty/tiers/", staff.edit_tiers, name="tiers"),
    path("loyalty/rewards/", staff.list_rewards, name="rewards"),
    path("loyalty/rewards/new/", staff.edit_reward, name="reward-create"),
    path("loyalty/rewards/<int:reward_id>/", staff.edit_reward, name="reward-edit"),
    path("loyalty/members/", members.list_members, name="members"),
    path("loyalty/members/<int:account_id>/", members.show_member, name="member"),
    path("loyalty/members/<int:account_id>/adjust/", members.adjust, name="adjust"),
    path("loyalty/codes/<int:redemption_id>/<str:verb>/", members.close_code, name="close-code"),
    path("loyalty/panel/<int:customer_id>/", members.panel, name="panel"),
    path("l/<str:token>", portal.show, name="portal"),
    path("l/<str:token>/rewards/<int:reward_id>", portal.claim, name="claim"),
]
