"""Django's name for this room."""

from django.apps import AppConfig


class RoomConfig(AppConfig):
    """The gateway room."""

    name = "oneplace.gateway"
    label = "gateway"
    default_auto_field = "django.db.models.BigAutoField"
