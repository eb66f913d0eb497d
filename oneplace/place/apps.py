"""Django's name for this room."""

from django.apps import AppConfig


class RoomConfig(AppConfig):
    """The place room."""

    name = "oneplace.place"
    label = "place"
    default_auto_field = "django.db.models.BigAutoField"
