from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "courseplatform.audit"
    label = "audit"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Registration needs the models, which exist only now.
        from courseplatform.audit import registration

        registration.register_all()
