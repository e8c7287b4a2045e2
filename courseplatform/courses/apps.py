from django.apps import AppConfig


class CoursesConfig(AppConfig):
    name = "courseplatform.courses"
    label = "courses"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Registration needs the models, which exist only now.
        from courseplatform.accounts.exporting import add_export_section
        from courseplatform.accounts.hooks import add_term_end
        from courseplatform.courses import exporting, home_sections
        from courseplatform.courses.course_file import parts
        from courseplatform.courses.selectors import last_end

        home_sections.register()
        parts.register()
        add_term_end(last_end)
        add_export_section(exporting.SECTION)
