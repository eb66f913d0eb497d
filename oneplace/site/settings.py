"""Django's settings, made from `oneplace.site.config`: one folder of a place's data, one database."""

from pathlib import Path
from urllib.parse import unquote, urlparse

from oneplace.site.config import config

HERE = Path(__file__).resolve().parent
ROOMS = HERE.parent
HOME = config.home.resolve()

SECRET_KEY = config.secret_key_value()
DEBUG = False
ALLOWED_HOSTS = config.hosts
ROOT_URLCONF = "oneplace.site.urls"
WSGI_APPLICATION = "oneplace.site.wsgi.application"
AUTH_USER_MODEL = "access.User"
USE_TZ = True
TIME_ZONE = "Europe/London"
LANGUAGE_CODE = "en-gb"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "axes",
    "oneplace.ledger",
    "oneplace.place",
    "oneplace.access",
    "oneplace.record",
    "oneplace.gateway",
    "oneplace.site",
]


def database_from(url: str) -> dict[str, object]:
    """Django's setting for a database address; '' is SQLite in the place's folder."""
    if not url:
        return _sqlite(HOME / "oneplace.sqlite3")
    parts = urlparse(url)
    if parts.scheme == "sqlite":
        return _sqlite(Path(unquote(parts.path)))
    if parts.scheme not in {"postgres", "postgresql"}:
        raise SystemExit(
            f"ONEPLACE_DATABASE_URL starts with '{parts.scheme}:'. oneplace runs on sqlite: and postgresql: only."
        )
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }


def _sqlite(path: Path) -> dict[str, object]:
    """SQLite as it keeps what it acknowledged: WAL with FULL, mmap off, IMMEDIATE (figures in trust.md)."""
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 30,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA mmap_size=0;"
            "PRAGMA cache_size=-65536; PRAGMA temp_store=MEMORY;",
        },
        "TEST": {"NAME": None},
    }


DATABASES = {"default": database_from(config.database_url)}
