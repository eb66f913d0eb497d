"""What can be set, from where each value came: flag over environment over file over default."""

import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource


def _file(settings: type[BaseSettings]) -> TomlConfigSettingsSource:
    """What the file in the home folder says."""
    home = Path(os.environ.get("ONEPLACE_HOME", "place-data"))
    return TomlConfigSettingsSource(settings, home / "oneplace.toml")


class IdentityProvider(BaseModel):
    """One identity provider that speaks OpenID Connect; docs/how-to/sign-in.md has those of NHS CIS2 and NHS login."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(pattern=r"^[a-z0-9-]{1,30}$")  # stands in its addresses and beside each connected identity
    name: str
    server_url: str
    client_id: str
    secret: str = ""
    key_file: Path | None = None  # of a private key, as PEM: then a signed statement takes the secret's place
    key_id: str = ""
    algorithm: str = "RS512"
    scope: list[str] = ["openid"]
    auth_params: dict[str, str] = {}
    uid_claim: str = "sub"
    pkce: bool = True
    second_step: bool = False  # it asks for one itself, so that none is asked for here
    people: bool = False  # it proves NHS numbers (NHS login, level P9): a person so proved sees their own record


class Config(BaseSettings):
    """One place's settings. Environment names begin with ONEPLACE_; the file is oneplace.toml in the home folder."""

    model_config = SettingsConfigDict(env_prefix="ONEPLACE_", extra="ignore")

    home: Path = Field(default=Path("place-data"), description="The one folder of this place's data.")
    database_url: str = Field(default="", description="postgresql://... ; empty means SQLite in the home folder.")
    demo: bool = Field(default=False, description="The example place with one-click sign-in; loopback only.")
    https: bool | None = Field(
        default=None,
        description="A proxy ends TLS and sets X-Forwarded-Proto; left open: all but the demo.",
    )
    hosts: list[str] = Field(default=["127.0.0.1", "localhost", "[::1]"], description="Names this server answers to.")
    secret_key: str = Field(default="", description="Signs sessions; empty means a random one kept in the home folder.")

    oidc: list[IdentityProvider] = Field(default=[], description="Identity providers, as JSON or [[oidc]] tables.")
    idle_minutes: int = Field(default=30, ge=1, description="A session in which nothing was done so long is ended.")
    session_hours: int = Field(default=8, ge=1, description="A session ends after so many hours, whatever was done.")
    sessions_per_user: int = Field(default=3, ge=1, description="Sessions a user may have; a new one ends the oldest.")
    step_up_minutes: int = Field(default=5, ge=1, description="How fresh a proof of identity some acts need.")

    emergency_minutes: int = Field(default=60, ge=5, le=720, description="How long an emergency access lasts.")
    emergency_review_days: int = Field(default=3, ge=1, description="By when a privacy officer is to review it.")

    mesh_url: str = Field(default="", description="Address of MESH; empty means no MESH.")
    mesh_mailbox: str = Field(default="", description="Our mailbox.")
    mesh_password: str = Field(default="", description="Its password.")
    mesh_shared_key: str = Field(default="", description="The key that MESH gave all senders of this environment.")
    mesh_certificate: str = Field(default="", description="File of our certificate.")
    mesh_key: str = Field(default="", description="File of its key, where it is not in the same file.")
    mesh_authority: str = Field(default="", description="File of trusted authorities; empty: those of MESH itself.")
    mesh_senders: dict[str, str] = Field(default={}, description="ODS code of each sending mailbox, as JSON.")

    mail_host: str = Field(default="", description="SMTP server of messages out; empty means no e-mail by SMTP.")
    mail_port: int = Field(default=587, description="Its port.")
    mail_user: str = Field(default="", description="Our name there; empty means without signing in.")
    mail_password: str = Field(default="", description="Its password.")
    mail_tls: bool = Field(default=True, description="Ask it for TLS before anything is said.")
    mail_from: str = Field(default="oneplace <no-reply@localhost>", description="Sender of e-mail: a neutral name.")
    notify_key: str = Field(default="", description="Key of GOV.UK Notify; empty means no Notify.")
    notify_sms_template: str = Field(default="", description="Id of its SMS template, which holds ((text)) alone.")
    notify_email_template: str = Field(default="", description="Id of its e-mail template: ((subject)) and ((text)).")
    notify_url: str = Field(default="https://api.notifications.service.gov.uk", description="Address of Notify.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flag, environment, then the file in the home folder."""
        return init_settings, env_settings, _file(settings_cls)

    def is_secure(self) -> bool:
        """True when cookies go by TLS alone and plain HTTP is sent on to it: as set, else outside the demo."""
        return not self.demo if self.https is None else self.https

    def secret_key_value(self) -> str:
        """The signing key: as set, else the one in the home folder, made on first use, owner only."""
        if self.secret_key:
            return self.secret_key
        kept = self.home / "secret-key"
        if not kept.exists():
            self.home.mkdir(parents=True, exist_ok=True)
            kept.touch(mode=0o600)
            kept.write_text(secrets.token_urlsafe(48))
        return kept.read_text().strip()


_MASKED = frozenset({"mesh_password", "mesh_shared_key", "mail_password", "notify_key"})
POST_SETTINGS = tuple(name for name in Config.model_fields if name.startswith(("mail_", "notify_")))
config = Config()


def origins() -> list[tuple[str, str, str, str]]:
    """Each setting: name, value (secrets masked), where it came from, what it is for."""
    from_file = _file(Config)()
    rows = []
    for name, field in Config.model_fields.items():
        variable = f"ONEPLACE_{name.upper()}"
        origin = variable if variable in os.environ else "oneplace.toml" if name in from_file else "default"
        rows.append((name, _shown(name, getattr(config, name)), origin, field.description or ""))
    return rows


def _shown(name: str, value: object) -> str:
    """A value fit for a screen: keys and passwords are masked."""
    if name == "https" and value is None:
        return f"{config.is_secure()} (from this machine itself by plain HTTP too)"
    if name == "oidc":
        return ", ".join(one.id for one in config.oidc)
    if name in _MASKED:
        return "set" if value else ""
    if name == "secret_key":
        return "set" if value else "made and kept in the home folder"
    if name == "database_url" and value:
        parts = urlsplit(str(value))
        return parts._replace(netloc=f"***@{parts.hostname or ''}").geturl() if parts.password else str(value)
    return str(value)


def apps_from(providers: list[IdentityProvider]) -> list[dict[str, Any]]:
    """The providers of the settings as allauth reads them."""
    return [
        {
            "provider_id": one.id,
            "name": one.name,
            "client_id": one.client_id,
            "secret": one.secret,
            "settings": {
                "server_url": one.server_url,
                "scope": one.scope,
                "auth_params": one.auth_params,
                "uid_field": one.uid_claim,
                "oauth_pkce_enabled": one.pkce,
                "token_auth_method": "private_key_jwt" if one.key_file else "client_secret_post",
                "key_file": str(one.key_file or ""),
                "key_id": one.key_id,
                "algorithm": one.algorithm,
            },
        }
        for one in providers
    ]
