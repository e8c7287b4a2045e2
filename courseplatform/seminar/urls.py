from django.urls import path

from courseplatform.seminar.views import highlights, manage, papers, slots

app_name = "seminar"
urlpatterns = [
    path("<slug:course>/papers/", papers.index, name="list"),
    path("<slug:course>/papers/papers.csv", papers.papers_csv, name="papers_csv"),
    path("<slug:course>/papers/slots.csv", papers.slots_csv, name="slots_csv"),
    path("<slug:course>/papers/propose/", papers.propose, name="propose"),
    path("<slug:course>/papers/order/", papers.order_save, name="order"),
    path("<slug:course>/papers/manage/", manage.manage, name="manage"),
    path("<slug:course>/papers/manage/slots/", manage.slots_make, name="slots_make"),
    path("<slug:course>/papers/manage/rounds/", manage.round_open, name="round_open"),
    path("<slug:course>/papers/manage/rounds/<int:round>/", manage.round_act, name="round_act"),
    path("<slug:course>/papers/matching/<int:matching>/", manage.matching, name="matching"),
    path("<slug:course>/papers/matching/<int:matching>/matching.csv", manage.matching_csv, name="matching_csv"),
    path("<slug:course>/papers/matching/<int:matching>/act/", manage.matching_act, name="matching_act"),
    path("<slug:course>/papers/swaps/<int:swap>/", slots.swap_answer, name="swap_answer"),
    path("<slug:course>/papers/slots/<int:slot>/", slots.slot, name="slot"),
    path("<slug:course>/papers/slots/<int:slot>/feedback/", slots.feedback, name="feedback"),
    path("<slug:course>/papers/slots/<int:slot>/slides/", slots.slides, name="slides"),
    path("<slug:course>/papers/slots/<int:slot>/parts/", slots.parts, name="parts"),
    path("<slug:course>/papers/slots/<int:slot>/swap/", slots.swap_ask, name="swap_ask"),
    path("<slug:course>/papers/slots/<int:slot>/change/", slots.slot_change, name="slot_change"),
    path("<slug:course>/papers/slots/<int:slot>/people/", slots.people, name="people"),
    path("<slug:course>/papers/slots/<int:slot>/scores/", slots.scores, name="scores"),
    path("<slug:course>/papers/<slug:paper>/", papers.paper, name="paper"),
    path("<slug:course>/papers/<slug:paper>/change/", papers.paper_change, name="paper_change"),
    path("<slug:course>/papers/<slug:paper>/answer/", papers.paper_answer, name="paper_answer"),
    path("<slug:course>/papers/<slug:paper>/withdraw/", papers.paper_withdraw, name="paper_withdraw"),
    path("<slug:course>/papers/<slug:paper>/pdf/", papers.paper_pdf, name="paper_pdf"),
    path("<slug:course>/highlights/", highlights.index, name="highlights"),
    path("<slug:course>/highlights/highlights.csv", highlights.highlights_csv, name="highlights_csv"),
    path("<slug:course>/highlights/assign/", highlights.assign, name="highlight_assign"),
    path("<slug:course>/highlights/<int:highlight>/", highlights.highlight, name="highlight"),
    path("<slug:course>/highlights/<int:highlight>/answer/", highlights.answer, name="highlight_answer"),
]
