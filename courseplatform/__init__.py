"""Milliamp. The Celery application is loaded with the package, so that every process speaks to the configured broker and to no other."""

from courseplatform.celery import app as celery_app

__all__ = ["celery_app"]
