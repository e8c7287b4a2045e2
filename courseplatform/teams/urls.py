from django.urls import path

from courseplatform.teams.views import feedback, index, manage, proposals, slots, team

app_name = "teams"
TEAM = "<slug:course>/team/<slug:team>/"
urlpatterns = [
    path("<slug:course>/teams/", index.index, name="index"),
    path("<slug:course>/teams.csv", index.table, name="csv"),
    path("<slug:course>/teams/mine/", index.mine, name="mine"),
    path("<slug:course>/teams/new/", index.found, name="found"),
    path("<slug:course>/teams/looking/", index.looking, name="looking"),
    path("<slug:course>/teams/confirm/", index.confirm_all, name="confirm_all"),
    path("<slug:course>/teams/assign/", manage.assign, name="assign"),
    path("<slug:course>/teams/invitations/<int:team_invitation>/", index.answer, name="answer"),
    path("<slug:course>/teams/slots/", slots.series, name="slots"),
    path("<slug:course>/teams/slots/mine/", slots.mine, name="my_slots"),
    path("<slug:course>/teams/slots/<int:team_slot>/", slots.edit, name="slot"),
    path("<slug:course>/teams/slots/<int:team_slot>/cancel/", slots.cancel, name="slot_cancel"),
    path("<slug:course>/teams/feedback/", feedback.rounds, name="rounds"),
    path("<slug:course>/teams/feedback/new/", feedback.new_round, name="new_round"),
    path("<slug:course>/teams/feedback/<int:feedback_round>/", feedback.round_progress, name="round"),
    path("<slug:course>/teams/feedback/<int:feedback_round>/<slug:team>/", feedback.fill, name="fill"),
    path(TEAM, team.detail, name="team"),
    path(f"{TEAM}describe/", team.describe, name="describe"),
    path(f"{TEAM}invite/", team.invite, name="invite"),
    path(f"{TEAM}ask/", team.ask, name="ask"),
    path(f"{TEAM}leave/", team.leave, name="leave"),
    path(f"{TEAM}feedback/", team.feedback, name="received"),
    path(f"{TEAM}proposal/", proposals.proposal, name="proposal"),
    path(f"{TEAM}proposal/decide/", proposals.decide, name="decide"),
    path(f"{TEAM}board/", proposals.board, name="board"),
    path(f"{TEAM}board/<int:board_request>/answer/", proposals.board_answer, name="board_answer"),
    path(f"{TEAM}board/<int:board_request>/withdraw/", proposals.board_withdraw, name="board_withdraw"),
    path(f"{TEAM}slots/", slots.book, name="book"),
    path(f"{TEAM}slots/<int:team_booking>/cancel/", slots.cancel_booking, name="cancel_booking"),
    path(f"{TEAM}members/", manage.manage, name="manage"),
    path(f"{TEAM}members/move/", manage.move, name="move"),
    path(f"{TEAM}members/split/", manage.split, name="split"),
    path(f"{TEAM}members/merge/", manage.merge, name="merge"),
    path(f"{TEAM}members/status/", manage.status, name="status"),
]
