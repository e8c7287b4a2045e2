"""Become a runner of a site: send the one-time code, keep who we are and the token."""

from __future__ import annotations

import dataclasses
import secrets
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hardware.ondevice.runner import PROTOCOL, facts, power, settings
from hardware.ondevice.runner.client import Answer, Backoff, Client, check_site, patiently
from hardware.ondevice.runner.isolation import find
from hardware.ondevice.runner.settings import Settings
from hardware.ondevice.runner.words import NotReady, RunnerError, Unreachable

TRIED_FOR_S = 300.0


def enroll(
    folder: Path,
    site: str,
    code: str,
    *,
    plain_http: bool,
    wait_scale: float,
    say: Callable[[str], None],
    image: str | None = None,
) -> Settings:
    """Returns who this runner is now. Raises RunnerError; the same code may be sent again after a lost answer."""
    site = check_site(site, plain_http=plain_http)
    settings.prepare(folder)
    mine = _begun(folder, site, plain_http=plain_http, wait_scale=wait_scale, image=image)
    client = Client(site)
    sensors = [sensor.as_json() for sensor in power.find()]
    isolation, contained = isolation_facts(mine.install_id, mine.image)
    told = facts.gather(mine.install_id, isolation, sensors, contained)
    ends = time.monotonic() + TRIED_FOR_S * wait_scale

    def wait(seconds: float) -> bool:
        time.sleep(seconds)
        return True

    def ask() -> Answer:
        try:
            return client.enroll(code, PROTOCOL, told)
        except Unreachable as error:
            say(f"{site} cannot be reached: {error}")
            raise

    try:
        answer = patiently(ask, wait, Backoff(wait_scale), lambda: ends - time.monotonic())
    except Unreachable as error:
        raise RunnerError(f"{site} cannot be reached: {error}") from error
    if answer.status != 201:
        raise RunnerError(answer.sentence)
    enrolled = _keep(folder, mine, answer.document)
    say(facts.abilities(told["runtimes"], isolation))
    return enrolled


def _begun(folder: Path, site: str, *, plain_http: bool, wait_scale: float, image: str | None) -> Settings:
    """Settings with the id of this installation, which is on the disk before the site hears of it."""
    try:
        known = settings.load(folder)
    except NotReady:
        known = Settings(site, secrets.token_hex(16))
    if known.runner and (folder / settings.TOKEN).exists():
        raise RunnerError(
            f"{folder} belongs to the runner {known.name} of {known.site} already. Use another --folder, or remove this one."
        )
    image = known.image if image is None else image
    mine = dataclasses.replace(known, site=site, plain_http=plain_http, wait_scale=wait_scale, image=image)
    settings.save(folder, mine)
    return mine


def _keep(folder: Path, mine: Settings, document: dict[str, Any]) -> Settings:
    try:
        token = str(document["token"])
        enrolled = dataclasses.replace(
            mine,
            runner=str(document["runner"]),
            name=str(document["name"]),
            course=str(document["course"]),
            device=str(document["device"]),
            poll_s=float(document.get("poll_s", mine.poll_s)),
            beat_s=float(document.get("beat_s", mine.beat_s)),
            ttl_s=float(document.get("ttl_s", mine.ttl_s)),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise RunnerError(f"The site's answer is not understood: {error}") from error
    settings.save_token(folder, token)
    settings.save(folder, enrolled)
    return enrolled


def isolation_facts(install_id: str, image: str = "") -> tuple[dict[str, Any], Mapping[str, str] | None]:
    """Of this machine, also where no isolation works; the agent then takes no jobs. And the runtimes, where an image has them."""
    try:
        found = find(group_name(install_id), image=image)
    except RunnerError as error:
        return {"name": "none", "memory_limit": False, "why": str(error)}, {} if image else None
    found.close()
    return found.as_json(), found.runtimes


def group_name(install_id: str) -> str:
    """Of the memory group: two agents on one machine have two."""
    return f"milliamp-{install_id[:12]}"
