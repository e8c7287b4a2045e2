from django.apps import AppConfig


class LtiConfig(AppConfig):
    name = "courseplatform.lti"
    label = "lti"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Registration needs the models, which exist only now.
        from courseplatform.lti import registration

        registration.register_all()
