"""One file of settings for both worlds.

With nothing set this is the embedded world: SQLite and a Valkey socket in DATA_DIR, started by `manage.py up`.
DATABASE_URL and BROKER_URL make it production; then a secret and host names are asked for. Values come from typed
readers (env.py); combinations that make no sense are system checks (checks.py).
"""

import hashlib
import logging
import os
import tempfile
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

from courseplatform import beat, env, languages, logs, sign_in_settings
from courseplatform.core.redaction import keep_secret, secrets_of

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = env.folder("DATA_DIR", BASE_DIR / ".data")
DEBUG = env.flag("DEBUG", False)
DEMO = env.flag("DEMO", True)
DATABASE_URL, BROKER_URL = env.text("DATABASE_URL"), env.text("BROKER_URL")
EMBEDDED = not DATABASE_URL
VERSION = env.text("MILLIAMP_VERSION", "unknown")  # of the image, in /metrics
ALIVE_FILE = env.folder("ALIVE_FILE", Path("/")) if env.text("ALIVE_FILE") else None  # see core/alive.py
BOOT = env.text("MILLIAMP_BOOT")  # names one start of `manage.py up`; see core/health.py

if EMBEDDED:
    SECRET_KEY = env.text("SECRET_KEY") or env.embedded_secret(DATA_DIR)
    ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")  # `up --bind` adds its own
else:
    DEMO = env.flag("DEMO", False)
    SECRET_KEY = env.text("SECRET_KEY")
    ALLOWED_HOSTS = env.words("ALLOWED_HOSTS")
    if not SECRET_KEY and not DEBUG:
        raise ImproperlyConfigured("SECRET_KEY is not set. With DATABASE_URL there is no default secret.")
CSRF_FAILURE_VIEW = "courseplatform.core.error_pages.csrf_failure"
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
# Where the site is reached, for links in mails and calendars, which no request asks for. `up` names its own address.
SITE_URL = env.site_url("SITE_URL", ALLOWED_HOSTS, plain=EMBEDDED)
# Where uploaded files are given out, and nothing else is: a host of its own, so that no file runs with the site's cookies. Empty: by the site.
CONTENT_URL = env.origin("CONTENT_URL")
OF_CONTENT = [CONTENT_URL] if CONTENT_URL else []

# -- applications -----------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "courseplatform.core",
    "courseplatform.metrics",
    "courseplatform.accounts",
    "courseplatform.uploads",
    "courseplatform.cli",
    "courseplatform.courses",
    "courseplatform.audit",
    "courseplatform.status",
    "courseplatform.notices",
    "courseplatform.calendars",
    "courseplatform.roster",
    "courseplatform.teams",
    "courseplatform.keeping",
    "courseplatform.seminar",
    "courseplatform.scribe",
    "courseplatform.participation",
    "courseplatform.lti",
    "hardware",
    "grading",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.mfa",
    "csp",
    "django_htmx",
    "django_structlog",
    "rest_framework",
    "drf_spectacular",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "courseplatform.metrics.middleware.Measured",
    "courseplatform.core.turns.Turns",
    "courseplatform.core.middleware.ServerTiming",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "courseplatform.core.middleware.SecurityHeaders",
    "courseplatform.core.middleware.KnownHost",
    "courseplatform.core.content.host.ContentHost",  # before what knows people, cookies or pages
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "courseplatform.core.middleware.Compress",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "courseplatform.accounts.middleware.Authentication",
    "courseplatform.accounts.middleware.SignedInBrowsers",
    "django_structlog.middlewares.RequestMiddleware",
    "courseplatform.core.middleware.RequestId",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "courseplatform.core.middleware.PersonZone",
    "courseplatform.core.middleware.DefaultDeny",
    "courseplatform.status.middleware.Maintenance",
    "courseplatform.audit.middleware.Audited",
    "courseplatform.audit.view_as.middleware.ViewAsStudent",
    "courseplatform.core.middleware.Refusals",
]
ROOT_URLCONF = "courseplatform.urls"
WSGI_APPLICATION = "courseplatform.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            # {% translate %} without a load, and {% url %} that remembers
            "builtins": ["courseplatform.core.templatetags.texts", "courseplatform.core.templatetags.addresses"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "courseplatform.courses.context.visit",
                "courseplatform.notices.context.unread_notices",
                "courseplatform.accounts.context.demo_accounts",
            ],
        },
    }
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# -- data -------------------------------------------------------------------------------------------------------------

DATABASE_PREPARE = env.flag("DATABASE_PREPARE", True)  # courseplatform/core/on_server.py
if EMBEDDED:
    DATABASES: dict[str, Any] = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": DATA_DIR / "milliamp.sqlite3",
            "CONN_MAX_AGE": 60,  # SQLite reads and understands the whole schema each time that the file is opened: longer than a page takes
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA foreign_keys=ON;",
            },
        }
    }
else:
    DATABASES = {"default": environ.Env.db_url_config(DATABASE_URL) | {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}}
    # A network that is cut says nothing: without these both sides would wait for hours, and a transaction that is held there would keep
    # its rows from everybody. What DATABASE_URL says itself comes first.
    _keepalives = {"keepalives_idle": 20, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 20_000}
    _theirs = "".join(
        f" -c {name if name.startswith('tcp') else f'tcp_{name}'}={value}" for name, value in _keepalives.items()
    )
    DATABASES["default"]["OPTIONS"] = {
        "connect_timeout": 5,
        **_keepalives,
        # No query of a page is long enough for machine code to pay; where counts of rows are guessed wrong, making it takes a tenth of a second.
        "options": f"-c idle_in_transaction_session_timeout=120000 -c jit=off{_theirs}",
    } | DATABASES["default"].get("OPTIONS", {})


def _socket(data_dir: Path) -> Path:
    """The broker's socket: in the data directory, or, where that path is longer than a socket's may be (108 bytes), beside it in a
    private directory whose name follows from it."""
    path = data_dir / "valkey.sock"
    if len(os.fsencode(path)) <= 100:
        return path
    digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"milliamp-{os.getuid()}-{digest}" / "valkey.sock"


BROKER_SOCKET = _socket(DATA_DIR)
CACHES = {
    "default": {
        "BACKEND": "courseplatform.core.cache.FailOpenCache",
        "LOCATION": BROKER_URL.rsplit("/", 1)[0] + "/2" if BROKER_URL else f"unix://{BROKER_SOCKET}?db=2",
    }
}
MEDIA_ROOT = DATA_DIR / "media"
MAX_UPLOAD_BYTES = env.number("MAX_UPLOAD_MIB", 500, least=1) << 20
INCOMING_DIR = DATA_DIR / "incoming"  # on the same disk as MEDIA_ROOT: a finished upload is moved, not copied
UPLOADS_DIR = DATA_DIR / "uploads"  # unfinished resumable uploads; on that disk too
UPLOAD_SLOTS = env.number("UPLOAD_SLOTS", 12, least=1)  # chunks that one web process takes at once, of its threads
S3 = env.bucket("S3")
UPLOAD_SPOOL = f"courseplatform.uploads.spools.{'s3.S3Spool' if S3 else 'local.LocalSpool'}"
FILE_UPLOAD_HANDLERS = ["courseplatform.core.uploads.HashingUploadHandler"]
FILE_UPLOAD_PERMISSIONS, FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o600, 0o700
# How models are kept apart: one container a run in a deployment, a process of its own in the embedded world.
BENCH_ISOLATION = env.choice(
    "BENCH_ISOLATION", ("auto", "bubblewrap", "namespaces", "limits", "docker"), "auto" if EMBEDDED else "docker"
)
BENCH_ALLOW_PROCESS = env.flag("BENCH_ALLOW_PROCESS", False)  # let a deployment measure without containers
BENCH_IMAGES = env.folder("BENCH_IMAGES", DATA_DIR / "bench-images.json")  # what docker/bench-runner/build has recorded
BOARD_REPEATS_PERCENT = env.number("BOARD_REPEATS_PERCENT", 10, least=1)  # how far a board may be from its own baseline
COUNT_INSTRUCTIONS = env.flag("COUNT_INSTRUCTIONS", True)  # after each result, when no worker has anything else to do

# -- static files -----------------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = env.folder("STATIC_ROOT", DATA_DIR / "static")
STATICFILES_DIRS: list[Any] = [BASE_DIR / "static", ("docs", BASE_DIR / "docs" / "img")]  # pictures of the documents
STORAGES: dict[str, Any] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "courseplatform.core.static_files.StaticFiles",
        "OPTIONS": {
            "file_permissions_mode": 0o644,
            "directory_permissions_mode": 0o755,
        },  # public, whoever collected them
    },
}

if S3:
    STORAGES["default"] = {
        "BACKEND": "courseplatform.uploads.s3_storage.MediaStorage",
        "OPTIONS": {
            "bucket_name": S3["bucket"],
            "endpoint_url": S3["endpoint"] or None,
            "region_name": S3["region"],
            "access_key": S3["key_id"],
            "secret_key": S3["secret"],
            "location": "media",
            "default_acl": None,
            "file_overwrite": False,
        },
    }

# -- work in the background -------------------------------------------------------------------------------------------

CELERY_BROKER_URL = BROKER_URL or f"redis+socket://{BROKER_SOCKET}?virtual_host=0"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,  # longer than the longest job; a lost message costs seconds because the sweep wakes again
    "unacked_restore_interval": 5,
    "socket_connect_timeout": 2,
    "socket_timeout": 3,  # a broker that hangs costs a hand-in seconds; workers poll once a second
    "socket_keepalive": True,
    # A broker that is not there costs a post a fifth of a second; kombu's own pauses are 2 and 4 s, at each wake-up.
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.2,
    "interval_max": 0.2,
}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_TASK_DEFAULT_QUEUE = "ordinary"
CELERY_BEAT_SCHEDULE = beat.SCHEDULE

# -- people -----------------------------------------------------------------------------------------------------------

# A deployment stands behind TLS; the embedded world answers on plain HTTP on this machine.
BEHIND_TLS = env.flag("BEHIND_TLS", not EMBEDDED and not DEBUG)
OIDC, SAML = sign_in_settings.oidc(), sign_in_settings.saml()  # what the university signs people in with
SSO_ONLY: bool = sign_in_settings.sso_only((OIDC, SAML))
SSO_SIGN_UP: bool = env.flag("SSO_SIGN_UP", False)  # make accounts of people whom nobody has enrolled
STAFF_SECOND_FACTOR: str = env.choice(
    "STAFF_SECOND_FACTOR", ("off", "asked", "required"), "off" if EMBEDDED else "asked"
)
STAFF_IDLE_HOURS: int = env.number("STAFF_IDLE_HOURS", 12, least=1)
SESSION_DAYS: int = env.number("SESSION_DAYS", 14, least=1)
vars().update(sign_in_settings.sign_in_settings(behind_tls=BEHIND_TLS, session_days=SESSION_DAYS))
if EMBEDDED:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = DATA_DIR / "mail"
else:
    EMAIL_CONFIG = environ.Env.email_url_config(env.text("EMAIL_URL", "smtp://localhost:25"))
    vars().update(EMAIL_CONFIG)
EMAIL_TIMEOUT = 10  # s; a mail server that hangs must not hold the worker
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "Milliamp <milliamp@example.edu>")

# English alone needs no catalogue, no middleware and no look-up: all of it begins with the first folder of another language.
LOCALE_PATHS = [BASE_DIR / "courseplatform" / "locale"]
LANGUAGE_CODE = "en"
LANGUAGES = languages.offered(LOCALE_PATHS[0])
FORMAT_MODULE_PATH = "courseplatform.locale"
USE_I18N = len(LANGUAGES) > 1
if USE_I18N:  # that of the browser, after the session and before anything answers
    MIDDLEWARE.insert(MIDDLEWARE.index("django.middleware.common.CommonMiddleware"), languages.MIDDLEWARE)
TIME_ZONE = "UTC"
USE_TZ = True

# -- security ---------------------------------------------------------------------------------------------------------

# Plotly makes an empty style element and writes its rules into it; that is allowed by the hash of nothing, nothing else inline is.
EMPTY_STYLE = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'", EMPTY_STYLE],
        "img-src": ["'self'", "data:", "blob:", *OF_CONTENT],
        "font-src": ["'self'"],
        "connect-src": ["'self'", *OF_CONTENT],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
        "manifest-src": ["'self'"],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
BACKUP_EVERY_HOURS = env.number("BACKUP_EVERY_HOURS", 0)  # 0: nobody is told when no backup was made
RETENTION = env.flag("RETENTION", True)  # off: nothing leaves a course by itself, and nobody is told that it will
RETENTION_LEAST_DAYS = env.number(
    "RETENTION_LEAST_DAYS", 90, least=1
)  # no course may let anything leave sooner after its last day
RETENTION_MOST_DAYS = env.number("RETENTION_MOST_DAYS", 3650, least=1)  # nor keep it longer
AUDIT_DAYS = env.number("AUDIT_DAYS", 400, least=1)  # who of the staff saw what: a term, its grades and their appeals
SECURE_SSL_REDIRECT = BEHIND_TLS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^metrics$"]  # asked from inside, past the proxy
SECURE_HSTS_SECONDS = 31536000 if BEHIND_TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = BEHIND_TLS
ALLAUTH_TRUSTED_PROXY_COUNT = int(BEHIND_TLS)  # rate limits count visitors, not the one proxy before us
if BEHIND_TLS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# -- the API ----------------------------------------------------------------------------------------------------------

API_PER_MINUTE = env.number("API_PER_MINUTE", 120, least=1)  # requests of one token
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "courseplatform.accounts.api_authentication.BearerAuthentication",
        "courseplatform.accounts.api_authentication.BrowserSession",
    ],
    "DEFAULT_THROTTLE_CLASSES": ["courseplatform.core.api_rules.PerKey"],
    "DEFAULT_PARSER_CLASSES": ["courseplatform.core.api_json.StrictJson"],
    "DEFAULT_RENDERER_CLASSES": [
        "rest_framework.renderers.JSONRenderer"
    ],  # no browsable pages: their forms list what they offer
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "courseplatform.core.api_rules.JsonAlways",
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "courseplatform.core.api_shapes.Described",
    "EXCEPTION_HANDLER": "courseplatform.core.api_rules.refuse",
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Milliamp",
    "DESCRIPTION": "Hand in models, follow their runs, read results. How to begin: docs/api.md.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "PATH_CONVERTER_OVERRIDES": {
        "int": {"type": "integer", "minimum": 0},
        "slug": {"type": "string", "pattern": "^[-a-zA-Z0-9_]+$"},
    },
    "ENUM_NAME_OVERRIDES": {
        "CaseStatusEnum": "hardware.models.CaseStatus",
        "GradeStateEnum": "grading.api.grades.STATES",
        "KindEnum": "grading.models.assignments.AssignmentKind",
        "LateEntryKindEnum": "grading.models.late_days.EntryKind",
        "LateUnitKindEnum": "grading.late.facts.UNIT_KINDS",
        "RerunKindEnum": "grading.models.reruns.RerunKind",
        "RerunStatusEnum": "grading.models.reruns.RerunStatus",
        "StateEnum": "hardware.models.stock.Item.Status",
        "StatusEnum": "hardware.models.Status",
        "UploadStatusEnum": "courseplatform.uploads.models.Status",
    },
    "PREPROCESSING_HOOKS": ["courseplatform.core.api_shapes.of_persons"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "courseplatform.core.api_shapes.add_errors",
        "courseplatform.uploads.api.add_methods_of_tus",
    ],
}

METRICS_TOKEN = env.secret("METRICS_TOKEN")

# -- logs -------------------------------------------------------------------------------------------------------------

keep_secret({SECRET_KEY, *secrets_of(os.environ)})
LOGGING = logs.LOGGING
DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = DJANGO_STRUCTLOG_CELERY_TASK_START_LOG_LEVEL = logging.DEBUG
