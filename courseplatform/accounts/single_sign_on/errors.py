"""What people are told when single sign-on lets nobody in. Nobody was signed in, whichever of these it is."""

from courseplatform.core.errors import AppError


class SignInRefused(AppError):
    """The provider knows this person, and here they may not come in, or not in this way."""

    http_status = 403
    default_code = "sign_in_refused"
    title = "You are not signed in"


class NotEnrolled(SignInRefused):
    """Nobody has made an account for this address. Not the person's fault, and nothing they do here makes one."""

    default_code = "not_enrolled"
    title = "You are in no course here yet"


class AnswerRefused(SignInRefused):
    """What the provider, or somebody in its name, sent cannot be believed."""

    default_code = "answer_refused"
    title = "This sign-in cannot be believed"


class ProviderAway(AppError):
    """The provider does not answer as it should. Later it may, without anybody doing anything here."""

    http_status = 503
    default_code = "provider_away"
    title = "The other sign-in does not answer"
