"""The table of what is recorded: every page that the staff can open is in it, or is named here as not personal, with why."""

from django.urls import URLPattern, get_resolver

from courseplatform.audit.models import Act
from courseplatform.audit.registry import audit
from courseplatform.core.audience import Audience, audience_of

OF_THE_STAFF = {Audience.COURSE_STAFF, Audience.COURSE_INSTRUCTORS}
# Pages whose audience is the staff or the members, and that show nothing of one person that their class does not see.
NOT_PERSONAL = {
    "the course itself, its file and its dates": """
        courses:file courses:file_download courses:session courses:session_new courses:settings courses:stages courses:visibility
        courses:changes keeping:retention keeping:term keeping:term_archive_live api:course""",
    "assignments and their rules, as everybody reads them": """
        grading:assignment_dates grading:assignment_edit grading:assignment_new grading:assignment_publish grading:assignment_remove
        grading:assignment grading:assignments grading:part grading:try_points grading:leaderboard grading:nickname grading:hidden_sets
        grading:late_policy grading:late_try grading:rubric grading:reruns grading:rerun_live grading:rerun_plot
        api:assignment api:assignments api:leaderboard api:reruns""",
    "forms of the staff without anybody's data; what they change is a line of its own": """
        grading:late_accommodation grading:late_excuse grading:late_extension grading:late_grant roster:add roster:import_new
        teams:assign teams:manage teams:new_round scribe:assign scribe:duty scribe:spread seminar:manage
        participation:entry participation:imports
        grading:desk grading:desk_snippets grading:desk_start lti:course
        notices:announcement_edit notices:announcement_new notices:question_edit notices:survey_edit notices:survey_new""",
    "of whoever asks: the staff have no work of their own": """
        grading:late_days grading:late_days_csv grading:grade grading:compare grading:hand_in grading:late_request
        grading:family grading:family_csv grading:family_edit grading:family_json grading:family_latex grading:family_live
        grading:family_pdf grading:family_plot grading:family_png grading:family_svg
        api:my_grades participation:mine teams:mine teams:my_slots teams:book notices:survey notices:surveys calendars:page stock:requests stock:reserve""",
    "a part of a page that is recorded, or the form on it": """
        grading:lab_analytics_plot
        grading:run_live grading:run_plot grading:run_csv grading:board_ask_live grading:meter_reading grading:energy_picture
        grading:desk_live grading:piece_notes grading:power_reading_add grading:power_reading_take_back scribe:edit scribe:import""",
    "numbers of a class and of its machines, without one person's": """
        grading:analytics_course grading:analytics_course_plot grading:analytics_course_csv grading:research""",
    "boards, devices and machines": """
        grading:calibration grading:calibration_csv grading:calibration_plot grading:calibrations grading:line
        hardware:edit hardware:file hardware:new hardware:course_device hardware:csv hardware:index hardware:plot
        runners:arrival runners:calibration runners:calibration_live runners:csv runners:duty runners:index runners:live runners:now
        runners:own_arrival runners:plot runners:show runners:edit runners:new""",
    "things and how many there are": """
        stock:import stock:import_new stock:item_edit stock:items_new stock:kit_edit stock:kit_new stock:kits_import stock:product_edit
        stock:product_new stock:room stock:rules_edit stock:setup stock:csv stock:items stock:item stock:kits stock:kits_csv stock:kit
        stock:labels stock:labels_pdf stock:product stock:take stock:take_changed stock:take_csv stock:takes stock:term_csv
        stock:term_png stock:usage stock:usage_csv stock:free stock:rules stock:scan
        api:kit api:kits api:count api:count_scans api:counts api:hardware""",
    "who asks for or brings what at the desk; each person's part is a page of its own": "stock:desk stock:pick_list stock:cases",
    "who is in which team and slot, as the class sees it": """
        teams:index teams:team teams:describe teams:found teams:invite teams:leave teams:looking teams:board teams:proposal teams:rounds
        teams:slot teams:slots""",
    "papers, presentations and notes, as the class sees them": """
        seminar:highlights seminar:matching seminar:paper seminar:paper_change seminar:paper_pdf seminar:papers_csv seminar:propose
        scribe:index""",
    "the audit itself, and the list from which a student is chosen: the view is recorded": "audit:index audit:view_as",
}  # fmt: skip


def named(resolver=None, space=""):
    """(full name, view) of the whole site."""
    for item in (resolver or get_resolver()).url_patterns:
        if isinstance(item, URLPattern):
            yield f"{space}{item.name}", item.callback
        else:
            yield from named(item, f"{space}{item.namespace}:" if item.namespace else space)


def methods_of(view):
    """What a view takes, read off the decorators of Django around it; an endpoint of the API has a method for each."""
    if hasattr(view, "cls"):
        return {name.upper() for name in view.cls.http_method_names if hasattr(view.cls, name)}
    while view is not None:
        cells = dict(zip(view.__code__.co_freevars, view.__closure__ or (), strict=True))
        if "request_method_list" in cells:
            return set(cells["request_method_list"].cell_contents)
        view = getattr(view, "__wrapped__", None)
    return {"GET", "POST"}


READ = {
    name: view
    for name, view in named()
    if audience_of(view) in OF_THE_STAFF | {Audience.COURSE_MEMBERS} and "GET" in methods_of(view)
}
HARMLESS = [name for names in NOT_PERSONAL.values() for name in names.split()]


def test_every_page_that_the_staff_can_open_is_recorded_or_not_personal_for_a_reason():
    known = set(audit.reads) | set(HARMLESS)
    assert sorted(READ.keys() - known) == []


def test_no_page_is_recorded_and_called_not_personal():
    assert sorted(set(audit.reads) & set(HARMLESS)) == []


def test_each_name_is_that_of_a_page_and_stands_once():
    names = dict(named())
    assert sorted(set(audit.reads) - names.keys()) == []
    assert sorted(set(HARMLESS) - names.keys()) == []
    assert len(HARMLESS) == len(set(HARMLESS))


def test_each_file_that_leaves_with_personal_data_is_an_export():
    files = {name for name in audit.reads if name.endswith(("csv", "_file", "_json"))}
    assert {name for name in files if audit.reads[name].act != Act.EXPORTED} == set()


def test_the_words_of_a_page_name_only_what_stands_in_its_address():
    for name, read in audit.reads.items():
        route = next(one for one in _routes() if one[0] == name)[1]
        for part in ("assignment", "team", "tag", "paper"):
            assert f"{{{part}}}" not in read.what or f":{part}>" in route, name


def _routes(resolver=None, space="", prefix=""):
    for item in (resolver or get_resolver()).url_patterns:
        route = prefix + str(item.pattern)
        if isinstance(item, URLPattern):
            yield f"{space}{item.name}", route
        else:
            yield from _routes(item, f"{space}{item.namespace}:" if item.namespace else space, route)
