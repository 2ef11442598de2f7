# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the simulated vCenter refuses, in the vendor's error types; knows no HTTP status and no encoding."""

from __future__ import annotations

from .values import SIMULATED, Struct, message


class WorldError(Exception):
    """The world file, or a change asked for by a test, makes no sense."""


class VapiError(Exception):
    """An error of the Automation API: error type, messages and data (contract section 6)."""

    def __init__(self, error_type: str, *messages: Struct, data: Struct | None = None) -> None:
        super().__init__(messages[0]["default_message"] if messages else error_type)
        self.error_type = error_type
        self.messages = list(messages)
        self.data = data

    def body(self) -> Struct:
        """The error as `/api` and the `error` of a task show it."""
        built: Struct = {"error_type": self.error_type, "messages": self.messages}
        if self.data is not None:
            built["data"] = self.data
        return built


def refusal(error_type: str, slug: str, text: str, *args: str) -> VapiError:
    """An error with one message whose id is marked as the simulator's own."""
    return VapiError(error_type, message(SIMULATED + slug, text, *args))


def object_not_found(identifier: str, kind: str) -> VapiError:
    """NOT_FOUND for an object that is missing or of another type; the id is publicly known (catalogue A)."""
    return VapiError(
        "NOT_FOUND",
        message(
            "com.vmware.vcIntegrity.lifecycle.RequireAdminUserAuthz.EntityNotFound",
            f"Entity {identifier} of type {kind} was not found.",
            identifier,
            kind,
        ),
    )


def address_not_found() -> VapiError:
    """NOT_FOUND for an address that this vCenter does not have."""
    return VapiError("NOT_FOUND", message("com.vmware.vapi.rest.httpNotFound", "Not found."))


def invalid_argument(slug: str, text: str, *args: str) -> VapiError:
    return refusal("INVALID_ARGUMENT", slug, text, *args)


def not_allowed(slug: str, text: str, *args: str) -> VapiError:
    return refusal("NOT_ALLOWED_IN_CURRENT_STATE", slug, text, *args)


def unsupported(slug: str, text: str, *args: str) -> VapiError:
    return refusal("UNSUPPORTED", slug, text, *args)


def from_data(source: Struct) -> VapiError:
    """An error in the short form of a world file: error_type, id, message, args, data (or messages in full)."""
    messages = source.get("messages") or [
        message(
            source.get("id", SIMULATED + "error"),
            source.get("message", "The operation failed."),
            *source.get("args", ()),
            params=source.get("params"),
        )
    ]
    return VapiError(source.get("error_type", "ERROR"), *messages, data=source.get("data"))
