"""What can be set, from where each value came: flag over environment over file over default."""

import os
import secrets
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource


class Config(BaseSettings):
    """One place's settings. Environment names begin with ONEPLACE_; the file is oneplace.toml in the home folder."""

    model_config = SettingsConfigDict(env_prefix="ONEPLACE_", extra="ignore")

    home: Path = Field(default=Path("place-data"), description="The one folder of this place's data.")
    database_url: str = Field(default="", description="postgresql://... ; empty means SQLite in the home folder.")
    demo: bool = Field(default=False, description="The example place with one-click sign-in; loopback only.")
    https: bool = Field(default=False, description="True behind TLS: secure cookies and strict transport.")
    hosts: list[str] = Field(default=["127.0.0.1", "localhost", "[::1]"], description="Names this server answers to.")
    secret_key: str = Field(default="", description="Signs sessions; empty means a random one kept in the home folder.")

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
        file = Path(os.environ.get("ONEPLACE_HOME", "place-data")) / "oneplace.toml"
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, file)

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


config = Config()
