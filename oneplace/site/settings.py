"""Django's settings, made from `oneplace.site.config`: one folder of a place's data, one database."""

from pathlib import Path
from urllib.parse import unquote, urlparse

from csp.constants import NONCE, NONE, SELF

from oneplace.site.config import POST_SETTINGS, apps_from, config

HOME = config.home.resolve()

SECRET_KEY = config.secret_key_value()
DEBUG = False
DEMO = config.demo
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
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "oneplace.ledger",
    "oneplace.post",
    "oneplace.place",
    "oneplace.access",
    "oneplace.record",
    "oneplace.frontdoor",
    "oneplace.portal",
    "oneplace.gateway",
    "oneplace.site",
]

MIDDLEWARE = [
    "oneplace.site.middleware.Secure",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "oneplace.access.hats.Hats",
    "django.contrib.messages.middleware.MessageMiddleware",
    "oneplace.access.sessions.Limits",
    "allauth.account.middleware.AccountMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "oneplace.access.policy.DenyBareViews",
    "oneplace.site.middleware.Private",
    "axes.middleware.AxesMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [],
        "APP_DIRS": False,
        "OPTIONS": {
            "environment": "oneplace.site.jinja.environment",
            "context_processors": ["oneplace.site.shell.shell", "django.contrib.messages.context_processors.messages"],
        },
    },
    {"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [], "APP_DIRS": True, "OPTIONS": {}},
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign-in"
AXES_FAILURE_LIMIT = 6
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_CALLABLE = "oneplace.site.views.signin.locked_out"
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False  # it would log the names that people type
AXES_ENABLE_ACCESS_FAILURE_LOG = False

# allauth: the second step, passkeys and lists of sessions. Nobody signs up here, and no page is its own.
SECOND_STEP = not config.demo  # staff take one, or have one taken at their identity provider
IDENTITY_PROVIDERS = config.oidc
PROVIDERS_WITH_SECOND_STEP = frozenset(one.id for one in config.oidc if one.second_step)
SOCIALACCOUNT_ADAPTER = "oneplace.site.oidc.Identities"
SOCIALACCOUNT_LOGIN_ON_GET = True  # a form would be stopped by the policy of content: it may lead to this place alone
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {"provider_class": "oneplace.site.oidc.Provider", "APPS": apps_from(config.oidc)}
}
STEP_UP_MINUTES = config.step_up_minutes
ACCOUNT_ADAPTER = "oneplace.site.adapters.Account"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_REAUTHENTICATION_TIMEOUT = 60 * config.step_up_minutes
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_TEMPLATE_EXTENSION = "jinja"
MFA_ADAPTER = "oneplace.site.adapters.SecondSteps"
MFA_ALLOW_UNVERIFIED_EMAIL = True  # there are no addresses of e-mail here
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_ISSUER = "oneplace"
MFA_TOTP_TOLERANCE = 1  # of 30 seconds either way: phones' clocks differ
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not config.is_secure()  # this machine by plain HTTP, for a trial
MFA_WEBAUTHN_USER_VERIFICATION = "required"
# All processes count the same wrong codes, and none takes a code that another took.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "site_cache"}}

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = config.session_hours * 3600
IDLE_MINUTES = config.idle_minutes
SESSIONS_PER_USER = config.sessions_per_user
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "oneplace.site.views.home.stale"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = config.is_secure()
SECURE_SSL_REDIRECT = config.is_secure()
PLAIN_FROM_THIS_MACHINE = config.https is None  # for a trial, and for machines of this machine
# The server speaks plain HTTP; the proxy that ends TLS says how it was asked, else each page redirects to itself.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if config.is_secure() else None
SECURE_HSTS_SECONDS = 31_536_000 if config.is_secure() else 0
DATA_UPLOAD_MAX_MEMORY_SIZE = 50 * 1024 * 1024  # the inbox: whole GP records run to several MB
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}

STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True  # the files ship in the package: there is no second copy to grow stale
WHITENOISE_MAX_AGE = 3600
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

EMERGENCY_MINUTES = config.emergency_minutes
EMERGENCY_REVIEW_DAYS = config.emergency_review_days

# Messages out: the names that oneplace.post.senders reads.
POST = {name: getattr(config, name) for name in POST_SETTINGS}

# Nothing of a request is logged: addresses carry no person data, but bodies and typed names do.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"stderr": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "axes": {"level": "ERROR"},
        "django.request": {"level": "ERROR"},
        "notifications_python_client": {"level": "CRITICAL"},  # it would log what was refused
    },
}


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
