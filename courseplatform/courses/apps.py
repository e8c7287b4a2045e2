from django.apps import AppConfig


class CoursesConfig(AppConfig):
    name = "courseplatform.courses"
    label = "courses"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Registration needs the models, which exist only now.
        from courseplatform.accounts.exporting import add_export_section
        from courseplatform.accounts.hooks import add_staff_source, add_term_end
        from courseplatform.core.kept import quiet
        from courseplatform.courses import archiving, exporting, home_sections
        from courseplatform.courses.course_file import parts
        from courseplatform.courses.models import Course, DatedItem, Enrolment, OfficeHour, Session, StaffMember
        from courseplatform.courses.selectors import last_end, works_for_a_course

        quiet(Course, Enrolment, Session, DatedItem, OfficeHour, StaffMember)
        home_sections.register()
        parts.register()
        archiving.register()
        add_term_end(last_end)
        add_staff_source(works_for_a_course)
        add_export_section(exporting.SECTION)
