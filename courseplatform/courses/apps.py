from django.apps import AppConfig


class CoursesConfig(AppConfig):
    name = "courseplatform.courses"
    label = "courses"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Registration needs the models, which exist only now.
        from courseplatform.courses import home_sections
        from courseplatform.courses.course_file import parts

        home_sections.register()
        parts.register()
