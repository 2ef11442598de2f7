# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change in any release, without notice.

"""Files that only their owner can read, and that no link leads elsewhere; what cannot be one is refused early."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
import typing as t

from ansible_collections.vsphere.lifecycle.plugins.module_utils._errors import InvalidOption

_PREFIX = ".vsphere-lifecycle-"


def open_to_append(path: str, option: str) -> t.TextIO:
    """Open a file to write at its end; it is made if it is not there, its folder must be.

    :param option: who named it.
    :raises InvalidOption: it is no plain file of this user, or cannot be written.
    """
    # A link could lead what is written, and with it names and addresses, over somebody else's file.
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        descriptor = os.open(path, flags, 0o600)
    except (OSError, ValueError) as error:
        raise _not_writable(path, option, error) from error
    if not _ours(os.fstat(descriptor)):
        os.close(descriptor)
        raise _not_ours(path, option)
    os.fchmod(descriptor, 0o600)
    return os.fdopen(descriptor, "a", encoding="utf-8")


def check_replaceable(path: str, option: str) -> None:
    """Make sure that ``replace`` can do its work, as far as can be known now; nothing stays behind.

    :param option: who named it.
    :raises InvalidOption: there is something other than a plain file of this user, or its folder cannot be written.
    """
    try:
        with contextlib.suppress(FileNotFoundError):
            if not _ours(os.lstat(path)):
                raise _not_ours(path, option)
        with tempfile.NamedTemporaryFile(dir=os.path.dirname(path) or os.curdir, prefix=_PREFIX):
            pass
    except (OSError, ValueError) as error:
        raise _not_writable(path, option, error) from error


def check_folder(path: str, option: str) -> None:
    """Make sure that files can be put into a folder, or that it can be made; writes nothing.

    :param option: who named it.
    :raises InvalidOption: it is a link or no folder, or this user may not write there.
    """
    place = os.path.abspath(path)
    try:
        # A link that somebody else can turn would lead the files elsewhere.
        if os.path.islink(place) or not stat.S_ISDIR(os.lstat(place).st_mode):
            raise InvalidOption(
                f"'{path}' is no folder" + (", but a symbolic link" if os.path.islink(place) else ""),
                f"Give {option} a directory of your own",
            )
        missing = False
    except FileNotFoundError:
        missing = True
    except (OSError, ValueError) as error:
        raise _not_writable(path, option, error, "folder") from error
    while missing and not os.path.lexists(place):
        place = os.path.dirname(place)
    if not os.path.isdir(place):
        raise InvalidOption(f"The folder '{path}' cannot be made: '{place}' is no folder", f"Correct {option}")
    if not os.access(place, os.W_OK | os.X_OK):
        raise _not_writable(path, option, PermissionError(13, f"no permission to write to '{place}'"), "folder")


def check_replaceable_in(folder: str, names: t.Iterable[str], option: str) -> None:
    """Make sure that nothing but plain files of this user would be replaced in a folder; writes nothing.

    :param option: who named the folder.
    :raises InvalidOption: one of the names is something else.
    """
    for name in names:
        path = os.path.join(folder, name)
        with contextlib.suppress(FileNotFoundError):
            if not _ours(os.lstat(path)):
                raise InvalidOption(
                    f"'{path}' is no plain file of this user",
                    f"Remove it, or give {option} another directory of your own",
                )


def text_of(path: str) -> str:
    """Return the text of a plain file, with a mark for each byte that is no UTF-8.

    :raises OSError: it cannot be read, or is no plain file.
    """
    # A pipe would keep us waiting for somebody to write to it.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, encoding="utf-8", errors="replace") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(22, "no plain file")
        return file.read()


def holds(path: str, text: str) -> bool:
    """Whether a file has just this text, and nobody but its owner can read it."""
    try:
        return stat.S_IMODE(os.lstat(path).st_mode) == 0o600 and text_of(path) == text
    except OSError:
        return False


def replace(path: str, lines: t.Iterable[str]) -> None:
    """Write a file in one step: whoever reads it finds all lines, or what was there before.

    Should there be a link by now, it is replaced itself, and what it points to is left alone.

    :raises OSError: it could not be written; what was there before still is.
    """
    descriptor, temporary = tempfile.mkstemp(dir=os.path.dirname(path) or os.curdir, prefix=_PREFIX)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def _ours(status: os.stat_result) -> bool:
    return stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid()


def _not_ours(path: str, option: str) -> InvalidOption:
    return InvalidOption(
        f"'{path}' is no plain file of this user",
        f"Give {option} another file, in a directory of your own, no symbolic link",
    )


def _not_writable(path: str, option: str, error: OSError | ValueError, what: str = "file") -> InvalidOption:
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    wanted = "a file in a directory of your own" if what == "file" else "a directory of your own"
    return InvalidOption(
        f"The {what} '{path}' cannot be written ({reason})", f"Give {option} {wanted}, no symbolic link"
    )
