"""Who may read and write through the API."""

from rest_framework.permissions import DjangoModelPermissions
from rest_framework.request import Request
from rest_framework.views import APIView


class ReadWithPermission(DjangoModelPermissions):
    """Reading needs the model's view permission too; the framework's own class lets any signed-in user read."""

    perms_map = {
        **DjangoModelPermissions.perms_map,
        **{verb: ["%(app_label)s.view_%(model_name)s"] for verb in ("GET", "HEAD", "OPTIONS")},
    }


class WriteAsAction(ReadWithPermission):
    """A view whose actions name what they need in `needs` (action to permissions); everything else as by the verb."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        needs: dict[str, tuple[str, ...]] = getattr(view, "needs", {})
        wanted = needs.get(getattr(view, "action", "") or "")
        if wanted is None:
            return super().has_permission(request, view)
        return bool(request.user and request.user.is_authenticated and request.user.has_perms(wanted))
