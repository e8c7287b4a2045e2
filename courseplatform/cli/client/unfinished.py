"""What was begun and has no receipt yet: kept on disk, so that a program that was killed goes on and nothing is recorded twice."""

from __future__ import annotations

import hashlib
import json
import time
from contextlib import suppress
from typing import Any
from uuid import uuid4

from courseplatform.cli.client import places

KEPT_S = 3 * 86400  # the site discards what nobody finishes after two days
MOST = 200


class Begun:
    """One file on its way to one target. upload_key is made once and sent with every try; upload_id is the site's."""

    def __init__(self, *, site: str, person: str, purpose: str, target: str, sha256: str) -> None:
        said = json.dumps([site, person, purpose, target, sha256])
        self.name = f"{places.UNFINISHED}/{hashlib.sha256(said.encode()).hexdigest()[:32]}.json"
        found = places.read(self.name)
        is_fresh = time.time() - float(found.get("begun_at", 0)) < KEPT_S
        self._kept: dict[str, Any] = found if is_fresh and found.get("upload_key") else self._new(target)

    def _new(self, target: str) -> dict[str, Any]:
        return {"upload_key": str(uuid4()), "upload_id": "", "target": target, "begun_at": time.time()}

    @property
    def upload_key(self) -> str:
        return str(self._kept["upload_key"])

    @property
    def upload_id(self) -> str:
        return str(self._kept["upload_id"])

    def keep(self, upload_id: str | None = None) -> None:
        """On disk before the next step is taken. Raises WrongUse."""
        if upload_id is not None:
            self._kept["upload_id"] = upload_id
        places.write(self.name, self._kept)

    def anew(self) -> None:
        """The site has nothing of it any more."""
        self._kept = self._new(str(self._kept.get("target", "")))
        self.keep()

    def done(self) -> None:
        """The receipt is here."""
        places.remove(self.name)


def tidy(now: float | None = None) -> None:
    """Forgets what the site has long discarded."""
    with suppress(OSError):
        for path in list((places.folder() / places.UNFINISHED).glob("*.json"))[:MOST]:
            if (now or time.time()) - path.stat().st_mtime > KEPT_S:
                path.unlink()
