"""What can be set, from where each value came: flag over environment over file over default."""

import os
import secrets
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource


def _file(settings: type[BaseSettings]) -> TomlConfigSettingsSource:
    """What the file in the home folder says."""
    home = Path(os.environ.get("ONEPLACE_HOME", "place-data"))
    return TomlConfigSettingsSource(settings, home / "oneplace.toml")


class Config(BaseSettings):
    """One place's settings. Environment names begin with ONEPLACE_; the file is oneplace.toml in the home folder."""

    model_config = SettingsConfigDict(env_prefix="ONEPLACE_", extra="ignore")

    home: Path = Field(default=Path("place-data"), description="The one folder of this place's data.")
    database_url: str = Field(default="", description="postgresql://... ; empty means SQLite in the home folder.")
    demo: bool = Field(default=False, description="The example place with one-click sign-in; loopback only.")
    https: bool = Field(default=False, description="True behind a proxy that ends TLS and sets X-Forwarded-Proto.")
    hosts: list[str] = Field(default=["127.0.0.1", "localhost", "[::1]"], description="Names this server answers to.")
    secret_key: str = Field(default="", description="Signs sessions; empty means a random one kept in the home folder.")

    idle_minutes: int = Field(default=30, ge=1, description="A session in which nothing was done so long is ended.")
    session_hours: int = Field(default=8, ge=1, description="A session ends after so many hours, whatever was done.")
    sessions_per_user: int = Field(default=3, ge=1, description="Sessions a user may have; a new one ends the oldest.")
    step_up_minutes: int = Field(default=5, ge=1, description="How fresh a proof of identity some acts need.")

    mesh_url: str = Field(default="", description="Address of MESH; empty means no MESH.")
    mesh_mailbox: str = Field(default="", description="Our mailbox.")
    mesh_password: str = Field(default="", description="Its password.")
    mesh_shared_key: str = Field(default="", description="The key that MESH gave all senders of this environment.")
    mesh_certificate: str = Field(default="", description="File of our certificate.")
    mesh_key: str = Field(default="", description="File of its key, where it is not in the same file.")
    mesh_authority: str = Field(default="", description="File of trusted authorities; empty: those of MESH itself.")
    mesh_senders: dict[str, str] = Field(default={}, description="ODS code of each sending mailbox, as JSON.")

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


_MASKED = frozenset({"mesh_password", "mesh_shared_key"})
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
    if name in _MASKED:
        return "set" if value else ""
    if name == "secret_key":
        return "set" if value else "made and kept in the home folder"
    if name == "database_url" and value:
        parts = urlsplit(str(value))
        return parts._replace(netloc=f"***@{parts.hostname or ''}").geturl() if parts.password else str(value)
    return str(value)
