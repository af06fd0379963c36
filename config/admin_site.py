"""Django admin under Perennial's name, behind the staff sign-in."""

from allauth.account.decorators import secure_admin_login
from django.contrib.admin import AdminSite


class PerennialAdminSite(AdminSite):
    site_header = site_title = "Perennial"
    index_title = "Administration"
    index_template = "admin/overview.html"

    login = secure_admin_login(AdminSite.login)
