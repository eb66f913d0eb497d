"""Django's name for this room."""

from django.apps import AppConfig


class RoomConfig(AppConfig):
    """The portal room."""

    name = "oneplace.portal"
    label = "portal"
    default_auto_field = "django.db.models.BigAutoField"
