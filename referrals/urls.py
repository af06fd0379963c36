"""Addresses of this app: staff pages first, customers' pages by token after."""

from django.urls import URLPattern, path

from referrals.views import public, staff

app_name = "referrals"
urlpatterns: list[URLPattern] = [
    path("referrals/", staff.overview, name="overview"),
    path("referrals/all/", staff.referral_list, name="list"),
    path("referrals/programme/", staff.programme_edit, name="programme"),
    path("referrals/<int:referral_id>/", staff.referral_detail, name="detail"),
    path("referrals/<int:referral_id>/decide/", staff.referral_decide, name="decide"),
    path("referrals/panel/<int:customer_id>/", staff.customer_panel, name="panel"),
    path("referrals/panel/<int:customer_id>/code/", staff.make_code, name="make-code"),
    path("r/me/<str:token>/told/", public.note_share, name="shared"),
    path("r/me/<str:token>", public.share_page, name="share"),
    path("r/<str:code>", public.friend_page, name="friend"),
]
