"""Refusals of scribe notes that carry more than a sentence."""

from courseplatform.core.errors import Conflict
from courseplatform.scribe.models import ScribeDuty


class EditedMeanwhile(Conflict):
    """Somebody saved another text since this one was read. `duty` holds theirs; nothing was overwritten."""

    default_code = "edited_meanwhile"

    def __init__(self, duty: ScribeDuty, person_id: int) -> None:
        is_own = duty.saved_by_id == person_id
        who = "You saved" if is_own else f"{duty.saved_by.name if duty.saved_by else 'Somebody'} saved"
        where = "in another tab " if is_own else ""
        super().__init__(
            f"{who} another text {where}since you opened this one. Both are here; choose which one goes on. The other is kept.",
            details={"edition": duty.edition},
        )
        self.duty = duty
