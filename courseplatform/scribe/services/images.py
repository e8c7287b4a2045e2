"""Images of a note: checked by their bytes, stored under names of ours."""

from hashlib import sha256

from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import Sum

from courseplatform.core.errors import BadInput, TooLarge
from courseplatform.core.image_files import read_image
from courseplatform.courses.access import Visit
from courseplatform.scribe.archive import image_name
from courseplatform.scribe.models import NoteImage, ScribeDuty

MOST_IMAGES, MOST_BYTES = 60, 100 << 20  # of one note, earlier ones counted


@transaction.atomic
def image_add(*, visit: Visit, duty: ScribeDuty, name: str, content: bytes) -> NoteImage:
    """Attach an image under the name that the text uses. The same bytes under the same name again change nothing.

    Raises:
        BadInput: `bad_image_name`, or what image_files.read_image refuses. TooLarge: `too_many_images`, or the same.
    """
    clean = image_name(name)
    if not clean or clean.startswith("../..") or len(clean) > 200:
        raise BadInput("An image needs a name as the text writes it, such as fig/levels.png.", code="bad_image_name")
    facts, digest = read_image(content, clean), sha256(content).hexdigest()
    ScribeDuty.objects.select_for_update().get(pk=duty.pk)
    mine = NoteImage.objects.filter(duty=duty)
    old = mine.filter(name=clean, is_current=True).first()
    if old and old.sha256 == digest:
        return old
    if mine.count() >= MOST_IMAGES or (mine.aggregate(sum=Sum("bytes"))["sum"] or 0) + len(content) > MOST_BYTES:
        raise TooLarge(
            f"A note takes {MOST_IMAGES} images with {MOST_BYTES >> 20} MiB in all. Leave some out.",
            code="too_many_images",
        )
    mine.filter(name=clean, is_current=True).update(is_current=False)
    image = NoteImage(
        duty=duty, name=clean, media_type=facts.media_type, width=facts.width, height=facts.height, bytes=len(content), sha256=digest, by=visit.person
    )  # fmt: skip
    image.file.save("image", ContentFile(content), save=False)
    try:
        image.save(force_insert=True)
    except BaseException:
        image.file.delete(save=False)
        raise
    return image


def image_remove(*, duty: ScribeDuty, image: NoteImage) -> None:
    """Take an image out of the working text. Rounds that were handed in still show it."""
    NoteImage.objects.filter(pk=image.pk, duty=duty).update(is_current=False)
