from django.apps import AppConfig


class HardwareConfig(AppConfig):
    name = "hardware"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from hardware import (
            checks,  # noqa: F401 registers itself
            registration,
        )

        registration.register_all()
