"""The door for Sentry, OpenTelemetry and the like: one function of the operator's, called at the start of every web process and worker.

MILLIAMP_HOOK names it, `module:function`; it gets "web" or "worker". Nothing of it is in Milliamp; docs/operations.md has examples.
"""

from importlib import import_module

from django.core.exceptions import ImproperlyConfigured

from courseplatform import env


def call_hook(process: str) -> None:
    """Raises ImproperlyConfigured where the hook cannot be found; what it raises itself stops the start too."""
    name = env.text("MILLIAMP_HOOK")
    if not name:
        return
    module, _, function = name.partition(":")
    try:
        found = getattr(import_module(module), function) if module and function else None
    except (ImportError, AttributeError) as error:
        raise ImproperlyConfigured(f"MILLIAMP_HOOK is {name!r}, which cannot be imported: {error}.") from error
    if not callable(found):
        raise ImproperlyConfigured(f"MILLIAMP_HOOK is {name!r}; it must be module:function.")
    found(process)
