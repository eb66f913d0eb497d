"""Django's name for this room."""

from django.apps import AppConfig


class RoomConfig(AppConfig):
    """The record room."""

    name = "oneplace.record"
    label = "record"
    default_auto_field = "django.db.models.BigAutoField"
