"""What can go wrong."""


class OnlearnError(Exception):
    """Anything that a client raises by itself."""


class Refused(OnlearnError):
    """The server refuses a request; nothing was changed."""

    def __init__(self, code: int, text: str, detail: int = 0, retry: int = 0, retry_after: float = 0.0) -> None:
        super().__init__(f"{text} (error {code})")
        self.code = code
        self.text = text
        self.detail = detail
        self.retry = retry
        self.retry_after = retry_after

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.code, self.text, self.detail, self.retry, self.retry_after))


class Unavailable(OnlearnError):
    """No answer came in time; a batch with a source may be sent again."""
