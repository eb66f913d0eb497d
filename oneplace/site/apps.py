"""Django's name for this room."""

from django.apps import AppConfig


class RoomConfig(AppConfig):
    """The site room: no tables of its own."""

    name = "oneplace.site"
    label = "site"
