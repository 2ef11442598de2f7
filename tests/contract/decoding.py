# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decodes JSON of the wire with the vendor's own bindings, more strictly than they do; knows no addresses."""

from __future__ import annotations

import json
import typing as t

from com.vmware.vapi.std import errors_client
from vmware.vapi.bindings import type as types
from vmware.vapi.bindings.converter import RestConverter, TypeConverter
from vmware.vapi.data.serializers.cleanjson import DataValueConverter

MODES = {"api": RestConverter.SWAGGER_REST, "rest": RestConverter.VAPI_REST}

#: JSON types by binding type; the bindings themselves let any primitive pass for any other.
PRIMITIVES: tuple[tuple[type, type | tuple[type, ...]], ...] = (
    (types.BooleanType, bool),
    (types.IntegerType, int),
    (types.DoubleType, (int, float)),
    (types.StringType, str),
    (types.IdType, str),
    (types.SecretType, str),
    (types.URIType, str),
    (types.DateTimeType, str),
    (types.EnumType, str),
)


class Undecodable(Exception):
    """The JSON is not what the contract says."""


def decode(value: t.Any, binding: t.Any, root: str = "api") -> t.Any:
    """The typed value: required members, unions, enums, primitive types and the form of maps are checked."""
    binding = _binding_of(binding)
    _check(value, binding, root, "the answer")
    try:
        data = DataValueConverter.convert_to_data_value(json.dumps(value))
        return TypeConverter.convert_to_python(data, binding, None, MODES[root])
    # The bindings raise whatever comes up in them; all of it means the same here.
    except Exception as exc:
        raise Undecodable(f"{binding}: {exc}") from exc


def decode_error(value: t.Any, error_type: str, root: str = "api") -> t.Any:
    """An error body (contract section 6) as the vendor's exception class."""
    if root == "rest":
        kind = value["type"].rpartition(".")[2]
        fields = value["value"]
    else:
        kind = value["error_type"].lower()
        fields = value
    if kind != error_type.lower():
        raise Undecodable(f"expected {error_type}, got {kind}")
    name = "".join(word.capitalize() for word in kind.split("_"))
    return decode(fields, getattr(errors_client, name), root)


def _binding_of(binding: t.Any) -> t.Any:
    return binding.get_binding_type() if hasattr(binding, "get_binding_type") else binding


def _resolved(binding: t.Any) -> t.Any:
    while isinstance(binding, types.ReferenceType):
        binding = binding.resolved_type
    return binding


def _check(value: t.Any, binding: t.Any, root: str, where: str) -> None:
    binding = _resolved(binding)
    if isinstance(binding, types.OptionalType):
        # Servers omit what is unset, so a null would be wrong too.
        _check(value, binding.element_type, root, where)
    elif isinstance(binding, types.MapType):
        for key, item in _entries_of(value, root, where):
            _check(item, binding.value_type, root, f"{where}[{key}]")
    elif isinstance(binding, (types.ListType, types.SetType)):
        if not isinstance(value, list):
            raise Undecodable(f"{where} is not an array: {value!r}")
        for number, item in enumerate(value):
            _check(item, binding.element_type, root, f"{where}[{number}]")
    elif isinstance(binding, types.AnyErrorType):
        _check_struct(value, errors_client.Error.get_binding_type(), root, where)
    elif hasattr(binding, "get_field_names"):
        _check_struct(value, binding, root, where)
    else:
        _check_primitive(value, binding, where)


def _check_struct(value: t.Any, binding: t.Any, root: str, where: str) -> None:
    if not isinstance(value, dict):
        raise Undecodable(f"{where} is not an object: {value!r}")
    unknown = set(value) - set(binding.get_field_names())
    if unknown:
        raise Undecodable(f"{where} has members that {binding.name} lacks: {sorted(unknown)}")
    for name, item in value.items():
        _check(item, binding.get_field(name), root, f"{where}.{name}")


def _entries_of(value: t.Any, root: str, where: str) -> list[tuple[str, t.Any]]:
    """A map is an object under /api and an array of key and value under /rest."""
    if root == "api" and isinstance(value, dict):
        return list(value.items())
    if root == "rest" and isinstance(value, list) and all(set(entry) == {"key", "value"} for entry in value):
        return [(entry["key"], entry["value"]) for entry in value]
    raise Undecodable(f"{where} is not a map of /{root}: {value!r}")


def _check_primitive(value: t.Any, binding: t.Any, where: str) -> None:
    for kind, wanted in PRIMITIVES:
        if isinstance(binding, kind):
            if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
                raise Undecodable(f"{where} is not a {kind.__name__}: {value!r}")
            if isinstance(binding, types.EnumType) and str(value) not in map(str, binding.binding_class.get_values()):
                raise Undecodable(f"{where} is not in {binding.name}: {value!r}")
