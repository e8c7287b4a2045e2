"""Settings of the tests: the real ones, in a throw-away data directory, with plain static files and quick passwords."""

import os
import tempfile
from pathlib import Path

SCRATCH = Path(os.environ.get("MILLIAMP_TEST_DIR") or tempfile.mkdtemp(prefix="milliamp-tests-"))
os.environ["DATA_DIR"] = str(SCRATCH / "data")
os.environ.setdefault("DEMO", "1")
os.environ.setdefault("LOG_LEVEL", "ERROR")
if url := os.environ.get("MILLIAMP_TEST_DATABASE_URL"):
    os.environ |= {
        "DATABASE_URL": url,
        "SECRET_KEY": "only-in-tests",
        "ALLOWED_HOSTS": "*",
        "BEHIND_TLS": "0",
        "DEMO": "1",
        "BENCH_ISOLATION": "auto",
        "BENCH_ALLOW_PROCESS": "1",
    }
else:
    os.environ.pop("DATABASE_URL", None)
os.environ.pop("BROKER_URL", None)

from courseplatform.settings import *  # noqa: E402, F403

if EMBEDDED:  # noqa: F405
    # A file, so that threads meet in it as they do in the real one.
    DATABASES["default"]["TEST"] = {"NAME": SCRATCH / "test.sqlite3"}  # noqa: F405
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # noqa: F405 WhiteNoise looks for it
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
CELERY_BROKER_URL = "memory://"
COUNT_INSTRUCTIONS = False  # the tests of it switch it on
