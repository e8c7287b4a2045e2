"""The Celery application of both worlds. What workers do when they start and stop stands with their tasks."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "courseplatform.settings")
app = Celery("milliamp")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
