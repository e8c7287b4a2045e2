"""What a scanned code says: the address on a label of this site, or a bare tag. Knows no database."""

import re
from urllib.parse import urlsplit

from courseplatform.core.addresses import is_own_host
from courseplatform.core.errors import BadInput
from hardware.inventory.stock.rules import tag_of

ADDRESS = re.compile(r"(?:https?://[^/\s]{1,253})?/t/([a-z0-9-]{1,24})/([A-Za-z0-9-]{1,24})/?")
MOST = 2000


def read_code(text: str, stockroom: str) -> str:
    """The tag that a code names in this stockroom, in capitals.

    Raises:
        BadInput: `other_site` for an address like ours at another host, `other_stockroom` for a label of another one, `foreign_code` for
            anything else, `bad_tag` for nothing.
    """
    clean = text.strip()[:MOST]
    match = ADDRESS.fullmatch(clean)
    if match and (host := _foreign_host(clean)):
        raise BadInput(
            f"This code belongs to another site: {host[:60]}. Nothing was looked up. Scan a label of this site, or type the tag.",
            code="other_site",
        )
    if match and match[1] != stockroom:
        raise BadInput(
            f"This label is of the stockroom {match[1]}, and this course lends from {stockroom}. Nothing was looked up.",
            code="other_stockroom",
        )
    if match:
        return tag_of(match[2])
    if clean and (len(clean) > 24 or "/" in clean or ":" in clean):
        raise BadInput(
            f"This code is not one of our labels: it says “{clean[:60]}{'...' if len(clean) > 60 else ''}”. Scan the label with the tag, or type the tag.",
            code="foreign_code",
        )
    return tag_of(clean)


def _foreign_host(address: str) -> str:
    """The host of an address where it is not one of ours; "" where it is, and for a path alone."""
    if address.startswith("/"):
        return ""
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:  # brackets without an end
        host = ""
    return "" if host and is_own_host(host) else host or address
