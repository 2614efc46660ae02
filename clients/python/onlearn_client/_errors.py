"""What can go wrong."""


class OnlearnError(Exception):
    """Anything that a client raises by itself."""


class Refused(OnlearnError):
    """The server refuses a request, and changes nothing.

    If it was sent before and that answer was lost, it may have been carried out then.
    """

    def __init__(
        self,
        code: int,
        text: str,
        detail: int = 0,
        retry: int = 0,
        retry_after: float = 0.0,
        closes_connection: bool = False,
    ) -> None:
        super().__init__(f"{text} (error {code})")
        self.code = code
        self.text = text
        self.detail = detail
        self.retry = retry
        self.retry_after = retry_after
        self.closes_connection = closes_connection

    def __reduce__(self) -> tuple[object, ...]:
        fields = (self.code, self.text, self.detail, self.retry, self.retry_after, self.closes_connection)
        return (type(self), fields)


class Unavailable(OnlearnError):
    """No answer came in time; a batch with a source may be sent again."""
