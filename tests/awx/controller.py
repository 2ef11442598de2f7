# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stand-in for the API of AWX: lists, objects and links between them, as the modules of awx.awx use them.

It knows what can be named by what, refuses a link to something that is not there and answers that a survey would not
take, and keeps what it was given. It runs no jobs, and knows nothing of what is put into it.
"""

from __future__ import annotations

import http.server
import json
import re
import threading
import typing as t
import urllib.parse

Json = dict[str, t.Any]

TOKEN = "Vb4.mellow.Badger.28"  # noqa: S105 - made up
#: Members that hold the id of something else, and the lists it may be in.
TEMPLATES = ("job_templates", "workflow_job_templates", "projects", "workflow_approval_templates")
LINKS = {
    "organization": ("organizations",),
    "credential_type": ("credential_types",),
    "project": ("projects",),
    "inventory": ("inventories",),
    "execution_environment": ("execution_environments",),
    "workflow_job_template": ("workflow_job_templates",),
    "unified_job_template": TEMPLATES,
}
#: What AWX adds to a new one.
MADE = {"projects": {"scm_revision": "1f0c9e6"}}
SECRET = "$encrypted$"  # noqa: S105 - what AWX shows instead of one


class Controller:
    """The API, for as long as the ``with`` block takes."""

    def __init__(self) -> None:
        self.lists: dict[str, list[Json]] = {"organizations": [{"id": 1, "name": "Default"}]}
        self.linked: dict[str, list[int]] = {}
        self.surveys: dict[str, Json] = {}
        self.writes: list[tuple[str, str, Json]] = []
        self._next = 1
        controller = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *dummy: t.Any) -> None:
                """Keep the output of the tests clean."""

            def _answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length) or b"{}") if length else {}
                if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                    status, answer = 401, {"detail": "Authentication credentials were not provided."}
                else:
                    status, answer = controller.answer(self.command, self.path, body)
                data = b"" if answer is None else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PATCH = do_DELETE = _answer

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Controller:
        self._thread.start()
        return self

    def __exit__(self, *dummy: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def environment(self) -> dict[str, str]:
        """The variables that lead the modules to it."""
        return {
            "CONTROLLER_HOST": f"http://127.0.0.1:{self._server.server_address[1]}",
            "CONTROLLER_OAUTH_TOKEN": TOKEN,
        }

    def named(self, kind: str, name: str, member: str = "name") -> Json:
        """Return the one object of a list that has this name."""
        (found,) = [item for item in self.lists.get(kind, []) if item.get(member) == name]
        return found

    def names(self, kind: str) -> list[str]:
        """Return the names of a list."""
        return sorted(item["name"] for item in self.lists.get(kind, []))

    def names_linked(self, kind: str, item: Json, link: str) -> list[str]:
        """Return what an object is linked with, by name (nodes by their identifier)."""
        target = "workflow_job_template_nodes" if link.endswith("_nodes") else _list_of(link)
        found = {one["id"]: one.get("name") or one.get("identifier") for one in self.lists.get(target, [])}
        return [str(found[one]) for one in self.linked.get(f"{kind}/{item['id']}/{link}", [])]

    # ------------------------------------------------------------------------------------------------------ requests

    def answer(self, method: str, path: str, body: Json) -> tuple[int, t.Any]:
        """Answer a request with status and body."""
        parsed = urllib.parse.urlsplit(path)
        parts = parsed.path.removeprefix("/api/v2/").strip("/").split("/")
        if method != "GET":
            self.writes.append((method, "/".join(parts), body))
        if len(parts) == 1:
            return self._whole_list(method, parts[0], dict(urllib.parse.parse_qsl(parsed.query)), body)
        item = next((one for one in self._all(parts[0]) if str(one["id"]) == parts[1]), None)
        if item is None:
            return 404, {"detail": "Not found."}
        if len(parts) == 2:
            return self._one(method, parts[0], item, body)
        return self._below(method, parts[0], item, parts[2], body)

    def _all(self, kind: str) -> list[Json]:
        if kind == "unified_job_templates":
            return [item for one in TEMPLATES for item in self.lists.get(one, [])]
        return self.lists.get(kind, [])

    def _whole_list(self, method: str, kind: str, query: dict[str, str], body: Json) -> tuple[int, t.Any]:
        if method == "GET":
            wanted = {name: value for name, value in query.items() if not name.startswith(("page", "order"))}
            found = [self._shown(kind, item) for item in self._all(kind) if _matches(item, wanted)]
            return 200, {"count": len(found), "next": None, "previous": None, "results": found}
        return self._add(kind, body)

    def _one(self, method: str, kind: str, item: Json, body: Json) -> tuple[int, t.Any]:
        if method == "PATCH":
            # AWX looks at answers again only where they are given again.
            if problem := self._dangling(body) or ("extra_data" in body and self._unanswered(kind, {**item, **body})):
                return 400, problem
            item.update(body)
        return 200, self._shown(kind, item)

    def _below(self, method: str, kind: str, item: Json, what: str, body: Json) -> tuple[int, t.Any]:
        place = f"{kind}/{item['id']}/{what}"
        if what == "survey_spec":
            if method == "POST":
                self.surveys[place] = body
            return 200, self.surveys.get(place, {})
        if what == "create_approval_template":
            status, made = self._add("workflow_approval_templates", {"type": "workflow_approval", **body})
            item["unified_job_template"] = made["id"]
            return status, made
        if what == "update":
            return 202, {"id": 0, "project_update": 0}
        links = self.linked.setdefault(place, [])
        if method == "GET":
            return 200, {"count": len(links), "next": None, "results": [{"id": one} for one in links]}
        if body.get("disassociate"):
            links.remove(body["id"])
        elif body["id"] not in links:
            links.append(body["id"])
        return 204, None

    def _add(self, kind: str, body: Json) -> tuple[int, t.Any]:
        if problem := self._dangling(body) or self._unanswered(kind, body):
            return 400, problem
        self._next += 1
        item = {"type": re.sub(r"ies$", "y", kind).rstrip("s"), **MADE.get(kind, {}), **body, "id": self._next}
        if kind == "job_templates" and "project" in item:
            # AWX takes it from there.
            item["organization"] = self._by_id("projects", item["project"])["organization"]
        self.lists.setdefault(kind, []).append(item)
        return 201, self._shown(kind, item)

    def _dangling(self, body: Json) -> Json | None:
        for name, kinds in LINKS.items():
            if body.get(name) and not any(item["id"] == body[name] for kind in kinds for item in self._all(kind)):
                return {name: [f'Invalid pk "{body[name]}" - object does not exist.']}
        return None

    def _unanswered(self, kind: str, item: Json) -> Json | None:
        """What AWX has against the answers with which something is to be started later.

        See LaunchConfigurationBaseSerializer.validate in awx/api/serializers.py and _accept_or_ignore_variables in
        awx/main/models/mixins.py. A default of the survey is no answer. Nodes may leave out what is required, as the
        workflow may have it.
        """
        if kind not in ("schedules", "workflow_job_template_nodes") or not item.get("unified_job_template"):
            return None
        number, answers = item["unified_job_template"], item.get("extra_data") or {}
        (found,) = [(one, each) for one in TEMPLATES for each in self.lists.get(one, []) if each["id"] == number]
        place, template = f"{found[0]}/{number}/survey_spec", found[1]
        asked = self.surveys.get(place, {}).get("spec", []) if template.get("survey_enabled") else []
        wrong = [
            f"'{question['variable']}' value missing"
            for question in asked
            if question["required"] and question["variable"] not in answers and kind == "schedules"
        ]
        wrong += [
            f"Value {answers[question['variable']]} for '{question['variable']}' is none"
            for question in asked
            if question["variable"] in answers and not _fits(question, answers[question["variable"]])
        ]
        if wrong:
            return {"variables_needed_to_start": wrong}
        surplus = sorted(set(answers) - {question["variable"] for question in asked})
        if surplus and not template.get("ask_variables_on_launch"):
            return {"extra_data": [f"Variables {', '.join(surplus)} are not allowed on launch."]}
        return None

    def _by_id(self, kind: str, number: int) -> Json:
        (found,) = [item for item in self._all(kind) if item["id"] == number]
        return found

    def _shown(self, kind: str, item: Json) -> Json:
        """What AWX adds to an object, and what it does not show."""
        shown = {**item, "url": f"/api/v2/{kind}/{item['id']}/", "summary_fields": {}}
        shown["related"] = {
            "survey_spec": f"/api/v2/{kind}/{item['id']}/survey_spec/",
            "update": f"/api/v2/{kind}/{item['id']}/update/",
        }
        approval = item.get("unified_job_template")
        if any(one["id"] == approval for one in self.lists.get("workflow_approval_templates", [])):
            shown["related"]["unified_job_template"] = f"/api/v2/workflow_approval_templates/{approval}/"
        if kind == "credentials":
            fields = self._by_id("credential_types", item["credential_type"])["inputs"]["fields"]
            secret = [field["id"] for field in fields if field.get("secret")]
            shown["inputs"] = {name: SECRET if name in secret else value for name, value in item["inputs"].items()}
        return shown


def _list_of(link: str) -> str:
    return "notification_templates" if link.startswith("notification_templates") else link


def _fits(question: Json, value: t.Any) -> bool:
    if question["type"] == "multiplechoice":
        return value in question["choices"]
    if question["type"] == "integer":
        return (
            isinstance(value, int)
            and not isinstance(value, bool)
            and int(question["min"]) <= value <= int(question["max"])
        )
    return isinstance(value, str) and int(question["min"]) <= len(value) <= int(question["max"])


def _matches(item: Json, wanted: dict[str, str]) -> bool:
    either = {name.removeprefix("or__"): value for name, value in wanted.items() if name.startswith("or__")}
    plain = {name: value for name, value in wanted.items() if not name.startswith("or__")}
    return all(str(item.get(name)) == value for name, value in plain.items()) and (
        not either or any(str(item.get(name)) == value for name, value in either.items())
    )
