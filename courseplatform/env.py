"""Typed readers of environment variables. Nonsense is refused with a sentence, never read as a default."""

import os
import secrets
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

TRUE, FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}


def text(name: str, default: str = "") -> str:
    """Empty counts as not set, so that `NAME= make run` does what it looks like."""
    return os.environ.get(name, "").strip() or default


def flag(name: str, default: bool) -> bool:
    """1, true, yes, on or 0, false, no, off. Raises ImproperlyConfigured for anything else."""
    value = text(name).lower()
    if not value:
        return default
    if value in TRUE | FALSE:
        return value in TRUE
    raise ImproperlyConfigured(f"{name} is {value!r}; it must be 1 or 0.")


def number(name: str, default: int, least: int = 0) -> int:
    value = text(name)
    if not value:
        return default
    if not value.isdecimal() or int(value) < least:
        raise ImproperlyConfigured(f"{name} is {value!r}; it must be a whole number of at least {least}.")
    return int(value)


def choice(name: str, known: tuple[str, ...], default: str) -> str:
    value = text(name, default)
    if value not in known:
        raise ImproperlyConfigured(f"{name} is {value!r}; it must be one of {', '.join(known)}.")
    return value


def secret(name: str, least: int = 16) -> str:
    """Empty where it is not set. Raises ImproperlyConfigured for one that is short enough to be guessed, without repeating it."""
    value = text(name)
    if value and len(value) < least:
        raise ImproperlyConfigured(f"{name} has {len(value)} characters; it must have at least {least}.")
    return value


def words(name: str, default: str = "") -> list[str]:
    """Comma-separated."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def site_url(name: str, hosts: list[str], *, plain: bool) -> str:
    """The address of the site, without a slash at the end. Not set: that of the first host name.

    Args:
        plain: over HTTP, on this machine's port 8000; else HTTPS.
    """
    found = text(name).rstrip("/")
    if found and not found.startswith(("http://", "https://")):
        raise ImproperlyConfigured(f"{name} is {found!r}; it must begin with https:// or http://.")
    host = next((host.lstrip(".") for host in hosts if host != "*"), "localhost")
    return found or (f"http://{host}:8000" if plain else f"https://{host}")


def origin(name: str) -> str:
    """Scheme and host, with a port where it is not the usual one; "" where nothing is set. Raises ImproperlyConfigured for anything more."""
    found = text(name).rstrip("/").lower()
    if not found:
        return ""
    try:
        parts = urlsplit(found)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    plain = f"{parts.scheme}://{host}" if ":" not in host else f"{parts.scheme}://[{host}]"
    if not host or parts.scheme not in ("http", "https") or found not in (plain, f"{plain}:{port}"):
        raise ImproperlyConfigured(
            f"{name} is {text(name)!r}; it must be https:// and a host name, with nothing behind it."
        )
    return plain if port is None or port == {"http": 80, "https": 443}[parts.scheme] else f"{plain}:{port}"


def folder(name: str, default: Path) -> Path:
    """An absolute path; relative ones count from where the command runs."""
    return Path(text(name, str(default))).expanduser().absolute()


def bucket(prefix: str) -> dict[str, str] | None:
    """An S3-compatible store: {bucket, key_id, secret, endpoint, region} from <prefix>_BUCKET and so on; None where nothing is set.

    Bucket, key id and secret come together or not at all; an endpoint is named for stores that are not Amazon's.
    """
    names = {part: f"{prefix}_{part.upper()}" for part in ("bucket", "key_id", "secret", "endpoint", "region")}
    found = {part: text(name) for part, name in names.items()}
    if not any(found.values()):
        return None
    if missing := [names[part] for part in ("bucket", "key_id", "secret") if not found[part]]:
        said = [names[part] for part, value in found.items() if value]
        raise ImproperlyConfigured(f"{', '.join(said)} is set, {', '.join(missing)} is not; set all of them, or none.")
    if found["endpoint"] and not found["endpoint"].startswith(("http://", "https://")):
        raise ImproperlyConfigured(f"{names['endpoint']} must begin with https:// or http://.")
    return found | {"region": found["region"] or "us-east-1"}


def embedded_secret(data_dir: Path) -> str:
    """The secret of the embedded world: made once, kept in the data directory, readable by its owner only.

    Where the directory cannot be written (a command that needs no data on a read-only disk) the secret lives as long
    as the process.
    """
    path = data_dir / "secret_key"
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)  # grades and hidden labels will lie here
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return _settled(path)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48) + "\n")
        return path.read_text().strip()
    except OSError:
        return secrets.token_urlsafe(48)


def _settled(path: Path) -> str:
    """Two processes may start at once: the one that lost the race waits for the other's one line."""
    for _ in range(200):
        found = path.read_text()
        if found.endswith("\n"):
            return found.strip()
        os.sched_yield()
    raise ImproperlyConfigured(f"{path} is empty; delete it, and it is made anew.")
