"""Django's name for this room."""

from django.apps import AppConfig


class RoomConfig(AppConfig):
    """The post room."""

    name = "oneplace.post"
    label = "post"
    default_auto_field = "django.db.models.BigAutoField"
