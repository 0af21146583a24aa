"""What can go wrong, said once. Nothing here knows about HTTP.

Five kinds decide what happens next; the few below them only refine how it is said.
"""


class FediShareError(Exception):
    """The message is written for the person who will read it, so it is safe to show."""


class NotFound(FediShareError):
    """There is no such thing, or the asker may not know that there is."""


class Refused(FediShareError):
    """We understood, and the answer is no."""


class Invalid(FediShareError):
    """The input can never work; sending it again will not help."""


class Unreachable(FediShareError):
    """Someone else's server, or our own disk, did not answer; try again later."""

    def __init__(self, message: str, *, retry_after: int = 60) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Busy(Unreachable):
    """Somebody else is at it; it is free again in a moment."""


class Gone(NotFound):
    """There was such a thing, and it was deleted."""


class Unauthenticated(Refused):
    """We do not know who is asking, and this needs someone we know."""


class TooLarge(Invalid):
    """More bytes than we take."""


class Unsupported(Invalid):
    """A type or an encoding that we do not read."""


class Outdated(Invalid):
    """It was said of something that has changed meanwhile."""


class TooMany(Refused):
    """Asked too often; the answer may be yes later."""

    def __init__(self, message: str, *, retry_after: int = 60) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Malformed(Invalid):
    """It cannot even be read."""
