"""Who may read through the API."""

from rest_framework.permissions import DjangoModelPermissions


class ReadWithPermission(DjangoModelPermissions):
    """Reading needs the model's view permission too; the framework's own class lets any signed-in user read."""

    perms_map = {
        **DjangoModelPermissions.perms_map,
        **{verb: ["%(app_label)s.view_%(model_name)s"] for verb in ("GET", "HEAD", "OPTIONS")},
    }
