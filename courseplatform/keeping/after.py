"""What rooms do once a site was restored: what was going on at the moment of the backup goes on no more."""

from collections.abc import Callable

from courseplatform.keeping.sets.manifest import Manifest

# Gives a sentence for the operator, "" where there was nothing to do. Runs in a transaction, and may run twice.
After = Callable[[Manifest], str]
_after: dict[str, After] = {}


def add_after_restore(name: str, done: After) -> None:
    _after[name] = done


def after_restore() -> list[After]:
    return list(_after.values())
