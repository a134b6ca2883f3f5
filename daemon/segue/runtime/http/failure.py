"""Telling an application's failure from the end of a client, and saying it without a secret."""

from segue.runtime.http.asgi import Scope
from segue.runtime.http.wire import ClientGoneError


def is_only_gone(error: BaseException) -> bool:
    """Tell whether an error is nothing but the echo of a client that went away.

    Frameworks translate `ClientGoneError` into errors of their own and nurseries put it into groups, so the chain
    is followed.
    """
    if isinstance(error, BaseExceptionGroup):
        return all(is_only_gone(e) for e in error.exceptions)
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        if isinstance(link, ClientGoneError):
            return True
        seen.add(id(link))
        link = link.__cause__ or link.__context__
    return False


def is_fatal(error: BaseException, fatal: tuple[type[Exception], ...]) -> bool:
    """Tell whether an error, or one in its group, is of a kind that must end the server."""
    if isinstance(error, BaseExceptionGroup):
        return any(is_fatal(e, fatal) for e in error.exceptions)
    return isinstance(error, fatal)


def describe(scope: Scope, trouble: str) -> str:
    """Name a request by its method and its route's pattern; the path itself may hold a secret."""
    pattern = getattr(scope.get("route"), "path", None)
    verb = scope["method"] if scope["type"] == "http" else "WebSocket"
    return f"{verb} {pattern}: {trouble}" if isinstance(pattern, str) else f"{verb} request: {trouble}"
