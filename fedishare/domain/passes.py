"""What stands behind the address of a picture that is not for everybody, for apps that load it without their token.

A pass names the token that it was told to, and is good for one picture. It proves only who asks: whether they may see
the picture is asked when it is used, and so is whether the token still stands.
"""

import base64
import hmac
import re
from typing import Final

LENGTH: Final = 15
SHAPE: Final = re.compile(r"(?P<token>[1-9a-f][0-9a-f]{0,15})\.(?P<proof>[A-Za-z0-9_-]{20})", re.ASCII)


def issue(secret: str, *, token_id: int) -> str:
    """The pass of a token for the picture whose secret this is. It is always the same one, so that apps may keep it."""
    return f"{token_id:x}.{_proof(secret, token_id)}"


def holder(text: str, *, secret: str) -> int | None:
    """Which token a pass for the picture of this secret was told to; None for what is no such pass."""
    found = SHAPE.fullmatch(text)
    if found is None:
        return None
    token_id = int(found["token"], 16)
    return token_id if hmac.compare_digest(found["proof"], _proof(secret, token_id)) else None


def _proof(secret: str, token_id: int) -> str:
    made = hmac.digest(secret.encode(), f"picture pass {token_id}".encode(), "sha256")
    return base64.urlsafe_b64encode(made[:LENGTH]).decode()
