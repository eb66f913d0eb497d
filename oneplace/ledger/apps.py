"""Django's name for this room."""

from django.apps import AppConfig


class RoomConfig(AppConfig):
    """The ledger room."""

    name = "oneplace.ledger"
    label = "ledger"
    default_auto_field = "django.db.models.BigAutoField"
