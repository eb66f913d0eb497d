"""Django's name for this room."""

from django.apps import AppConfig


class RoomConfig(AppConfig):
    """The front door."""

    name = "oneplace.frontdoor"
    label = "frontdoor"
    default_auto_field = "django.db.models.BigAutoField"
