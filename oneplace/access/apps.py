"""Django's name for this room."""

from django.apps import AppConfig


class RoomConfig(AppConfig):
    """The access room."""

    name = "oneplace.access"
    label = "access"
    default_auto_field = "django.db.models.BigAutoField"
