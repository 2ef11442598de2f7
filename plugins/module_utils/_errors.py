# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change in any release, without notice.

"""What can go wrong between us and vCenter, as classes with a sentence for the operator; knows no HTTP, no Ansible."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.vsphere.lifecycle.plugins.module_utils._text import plain


class VCenterError(Exception):
    """Anything that vCenter, the network or a user can cause.

    ``str(error)`` is the whole sentence for the operator: what was tried, on which object, what came back and what to
    do next. ``details()`` holds the same facts for programs.
    """

    remedy = ""

    def __init__(self, reason: str, remedy: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.attempted: str | None = None
        if remedy is not None:
            self.remedy = remedy

    def __str__(self) -> str:
        lead = f"Could not {self.attempted}: " if self.attempted else ""
        return plain(" ".join(part for part in (_sentence(lead + self.reason), _sentence(self.remedy)) if part))

    def details(self) -> dict[str, t.Any]:
        """Return the facts of this error as values that fit into a module result."""
        return {}


class InvalidOption(VCenterError):
    """An option's value cannot be used; nothing was sent."""


class NotWritten(VCenterError):
    """A file could not be written although nothing spoke against it before: a disk that is full, or was taken away."""


class PreflightFailed(VCenterError):
    """Problems found before the first write; vCenter is as it was.

    :param problems: one sentence each, all of them at once.
    """

    def __init__(self, problems: t.Sequence[str]) -> None:
        self.problems = [plain(problem) for problem in problems]
        listed = " ".join(_sentence(problem) for problem in self.problems)
        super().__init__(
            f"Nothing was changed in vCenter, because of {_count(len(self.problems), 'problem')}: {listed}"
        )

    def details(self) -> dict[str, t.Any]:
        return {"problems": self.problems}


class ConnectionFailed(VCenterError):
    """No usable answer came from the address: refused, reset, timed out, name unknown.

    :param sent: whether the request may have reached vCenter.
    :param permanent: whether it will fail in the same way until somebody mends something.
    """

    remedy = "Check hostname, port, proxy and firewall, and that vCenter is up"

    permanent = False

    def __init__(
        self, reason: str, remedy: str | None = None, *, sent: bool = False, permanent: bool | None = None
    ) -> None:
        super().__init__(reason, remedy)
        self.sent = sent
        if permanent is not None:
            self.permanent = permanent


class CertificateRefused(ConnectionFailed):
    """The server's certificate is not trusted, or is for another name."""

    permanent = True
    remedy = (
        "Give the CA that signed vCenter's certificate in ca_path (vCenter offers it at /certs/download.zip), "
        "and use the name that the certificate was made for as hostname"
    )


class ReplyTooLarge(ConnectionFailed):
    """An answer beyond any size that vCenter is known to send."""

    permanent = True
    remedy = "Check that hostname and port lead to vCenter itself"


class UnexpectedReply(VCenterError):
    """An answer that is not what the API documents: HTML, cut off, of another shape."""

    remedy = "Check that hostname and port lead to vCenter itself and not to a proxy, a login page or an ESXi host"


class UnparsableError(UnexpectedReply):
    """A status of 400 or more without an error object: a proxy's page, or vCenter starting up."""

    remedy = "If vCenter is starting or restarting, wait for it; else check that hostname leads to vCenter itself"
    request_id: str | None = None

    def __init__(self, reason: str, status: int) -> None:
        super().__init__(reason)
        self.status = status

    def details(self) -> dict[str, t.Any]:
        return {"http_status": self.status, "request_id": self.request_id}


class AuthenticationFailed(VCenterError):
    """vCenter takes neither the credentials nor the session."""

    remedy = "Check username (for example administrator@vsphere.local) and password"


class ApiError(VCenterError):
    """vCenter answered with an error object.

    Source: contract section 6. Decide by class or ``error_type``, never by ``status``.

    :param status: the HTTP status.
    :param error_type: the API's own name, such as NOT_FOUND; None where the answer has none.
    :param messages: the texts of the error object, the caller's view first.
    :ivar request_id: what vCenter's own logs call the request; None where it did not say.
    """

    request_id: str | None = None

    def __init__(
        self, method: str, path: str, status: int, error_type: str | None, messages: t.Sequence[str], data: t.Any = None
    ) -> None:
        self.method, self.path, self.status, self.error_type = method, path, status, error_type
        self.messages, self.data = list(messages), data
        said = "; ".join(text.strip().rstrip(".") for text in self.messages if text.strip()) or "no message"
        super().__init__(f"vCenter answered {status} {error_type or '(no error type)'}: {said} [{method} {path}]")

    def details(self) -> dict[str, t.Any]:
        return {
            "http_status": self.status,
            "error_type": self.error_type,
            "messages": self.messages,
            "request": f"{self.method} {self.path}",
            "request_id": self.request_id,
        }


class NotFound(ApiError):
    """NOT_FOUND or OPERATION_NOT_FOUND: no such object or address, or one that this user may not see."""


class InvalidArgument(ApiError):
    """INVALID_ARGUMENT: vCenter refuses a value."""


class NotAllowedInCurrentState(ApiError):
    """NOT_ALLOWED_IN_CURRENT_STATE: for vLCM, another operation runs on the object."""


class Unsupported(ApiError):
    """UNSUPPORTED: the object is of a kind that does not offer this."""


class Unauthenticated(ApiError):
    """UNAUTHENTICATED: the session has ended."""

    remedy = "Log in again: the session has expired, or vCenter was restarted"


class Unauthorized(ApiError):
    """UNAUTHORIZED: the user lacks a privilege."""

    remedy = "Ask for the privilege on this object, or use another user"


class TooMany(ApiError):
    """UNABLE_TO_ALLOCATE_RESOURCE or RESOURCE_INACCESSIBLE: more matches than the call can return."""


_BY_TYPE: dict[str, type[ApiError]] = {
    "NOT_FOUND": NotFound,
    "OPERATION_NOT_FOUND": NotFound,
    "INVALID_ARGUMENT": InvalidArgument,
    "NOT_ALLOWED_IN_CURRENT_STATE": NotAllowedInCurrentState,
    "UNSUPPORTED": Unsupported,
    "UNAUTHENTICATED": Unauthenticated,
    "UNAUTHORIZED": Unauthorized,
    "UNABLE_TO_ALLOCATE_RESOURCE": TooMany,
    "RESOURCE_INACCESSIBLE": TooMany,
}
_BY_STATUS: dict[int, type[ApiError]] = {401: Unauthenticated, 403: Unauthorized, 404: NotFound}


def api_error(
    method: str, path: str, status: int, error_type: str | None, messages: t.Sequence[str], data: t.Any = None
) -> ApiError:
    """Return an error of the class for its type; for its status only where old providers leave the type out."""
    kind = _BY_TYPE.get(error_type, ApiError) if error_type else _BY_STATUS.get(status, ApiError)
    return kind(method, path, status, error_type, messages, data)


class Busy(VCenterError):
    """Another operation holds the object for longer than we were told to wait."""

    remedy = "Let that operation finish, then run again, or raise busy_timeout"


class TaskTimeout(VCenterError):
    """A task did not finish in time; vCenter goes on with it."""

    remedy = "vCenter goes on with it: run again to wait for the same task, or raise wait_timeout"


class TaskVanished(VCenterError):
    """vCenter no longer knows a task that it had accepted."""

    remedy = "Run again with refresh: always: hosts that are staged are recognised and left alone"


class TaskFailed(VCenterError):
    """A task ended without doing its work."""


class StagingFailed(VCenterError):
    """At least one host was not staged; carries the complete result.

    :param result: the module's result as it would have been returned.
    """

    def __init__(self, reason: str, remedy: str, result: dict[str, t.Any]) -> None:
        super().__init__(reason, remedy)
        self.result = result

    def details(self) -> dict[str, t.Any]:
        return self.result


class NotOffered(VCenterError):
    """This vCenter lacks a service that other releases have."""

    def details(self) -> dict[str, t.Any]:
        return {"supported": False}


class Interrupted(BaseException):
    """A signal asked us to stop; not an Exception, so that nothing on the way out takes it for a failure of vCenter."""


@contextlib.contextmanager
def attempt(what: str, *, privilege: str | None = None) -> t.Iterator[None]:
    """Give errors from within their "Could not ..." part; the innermost attempt wins, it knows most.

    :param what: infinitive and object, such as "read the compliance of cluster 'A' (domain-c8)".
    :param privilege: what the user needs for it, named when vCenter answers UNAUTHORIZED.
    """
    try:
        yield
    except VCenterError as error:
        if error.attempted is None:
            error.attempted = what
            if privilege and isinstance(error, Unauthorized):
                error.remedy = f"The user needs the privilege {privilege} on this object"
        raise


def _sentence(text: str) -> str:
    return text if not text or text.endswith((".", "!", "?")) else text + "."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
