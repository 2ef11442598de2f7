# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How answers and errors look on the wire under /api and under /rest; knows no routes and no state."""

from __future__ import annotations

import json
import typing as t

from .errors import VapiError
from .values import KeyedMap

#: Status under /api by error type (contract section 6); the same code is among those documented for /rest.
STATUS = {
    "ALREADY_EXISTS": 400,
    "ALREADY_IN_DESIRED_STATE": 400,
    "CANCELED": 400,
    "CONCURRENT_CHANGE": 409,
    "ERROR": 500,
    "FEATURE_IN_USE": 400,
    "INTERNAL_SERVER_ERROR": 500,
    "INVALID_ARGUMENT": 400,
    "INVALID_ELEMENT_CONFIGURATION": 400,
    "INVALID_ELEMENT_TYPE": 400,
    "INVALID_REQUEST": 400,
    "NOT_ALLOWED_IN_CURRENT_STATE": 400,
    "NOT_FOUND": 404,
    "OPERATION_NOT_FOUND": 404,
    "RESOURCE_BUSY": 500,
    "RESOURCE_INACCESSIBLE": 500,
    "RESOURCE_IN_USE": 400,
    "SERVICE_UNAVAILABLE": 503,
    "TIMED_OUT": 500,
    "UNABLE_TO_ALLOCATE_RESOURCE": 500,
    "UNAUTHENTICATED": 401,
    "UNAUTHORIZED": 403,
    "UNEXPECTED_INPUT": 400,
    "UNSUPPORTED": 400,
    "UNVERIFIED_PEER": 400,
}


def encode(value: t.Any, root: str) -> bytes:
    """JSON of a value; the /rest root wraps it."""
    return _json({"value": _rest(value)} if root == "rest" else value)


def encode_error(error: VapiError, root: str) -> tuple[int, bytes]:
    """Status and JSON of an error."""
    body = error.body()
    if root != "rest":
        return STATUS[error.error_type], _json(body)
    kind = body.pop("error_type")
    return STATUS[kind], _json({"type": f"com.vmware.vapi.std.errors.{kind.lower()}", "value": _rest(body)})


def _rest(value: t.Any) -> t.Any:
    """Under /rest a map is an array of key and value, inside results too (contract section 7)."""
    if isinstance(value, KeyedMap):
        return [{"key": key, "value": _rest(item)} for key, item in value.items()]
    if isinstance(value, dict):
        return {key: _rest(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rest(item) for item in value]
    return value


def _json(value: t.Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
