# Copyright (c) 2026, vsphere.lifecycle contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change in any release, without notice.

"""Which cluster is staged in which wave, and what forbids a rollout, as a value; asks no vCenter."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import datetime
import fnmatch
import json
import re
import typing as t

Json = dict[str, t.Any]
T = t.TypeVar("T")

STATE_VERSION = 1
DONE = ("staged", "unchanged")
RUN_MODES = ("all", "plan", "canary", "rest")
NAMED_IN_TITLE = 8
"""How many clusters the title of a wave names."""


@dataclasses.dataclass(frozen=True)
class Amount:
    """A number, or a percentage of something: how much of it may fail before that is too much.

    :param number: of things, or percent.
    """

    number: int
    percent: bool = False

    @classmethod
    def of(cls, value: t.Any) -> Amount | None:
        """Return ``10`` or ``10%``, as numbers or text; None for None and for nothing.

        :raises ValueError: it is neither.
        """
        text = "" if value is None else str(value).strip()
        if not text:
            return None
        match = re.fullmatch(r"([0-9]+)\s*(%?)", text)
        if isinstance(value, (bool, float)) or not match or (match[2] and int(match[1]) > 100):
            raise ValueError(f"{value!r} is neither a number from 0 nor a percentage from '0%' to '100%'")
        return cls(int(match[1]), bool(match[2]))

    def exceeded(self, failed: int, total: int) -> bool:
        """Whether so many of the total are too many: more than this, not as many as this."""
        return 100 * failed > self.number * total if self.percent else failed > self.number

    def __str__(self) -> str:
        return f"{self.number} %" if self.percent else str(self.number)


@dataclasses.dataclass(frozen=True)
class Settings:
    """How to stage a selection of clusters; see the specification of the role for what each means.

    :param not_after: in UTC; None for no end.
    :param site_of: maps a cluster's name and identifier to the label of its site.
    """

    waves: tuple[t.Any, ...] = ("100%",)
    canary: tuple[str, ...] = ()
    mode: str = "all"
    commit: str | None = None
    allow_empty: bool = False
    max_failed_hosts: Amount | None = None
    max_failed_clusters: Amount | None = None
    wave_max_failed_hosts: Amount | None = None
    wave_max_failed_clusters: Amount | None = None
    not_after: datetime.datetime | None = None
    sites: tuple[tuple[str, tuple[str, ...]], ...] = ()
    site_pattern: str = ""
    gates: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    allowed_states: tuple[str, ...] = ()
    vcenter: str = ""
    started: str = ""


BUDGETS = ("max_failed_hosts", "max_failed_clusters", "wave_max_failed_hosts", "wave_max_failed_clusters")


def settings_of(raw: t.Mapping[str, t.Any]) -> tuple[Settings, list[str]]:
    """Return the settings, and a sentence for each that cannot be used.

    :param raw: as users give them; what a survey or the command line gives is text.
    """
    problems: list[str] = []

    def read(name: str, reader: t.Callable[[t.Any], T], otherwise: T) -> T:
        try:
            return reader(raw.get(name))
        except ValueError as error:
            problems.append(f"rolling_stage_{name}: {error}")
            return otherwise

    budgets: dict[str, Amount | None] = {name: read(name, Amount.of, None) for name in BUDGETS}
    sites: Json = read("sites", mapping, {})
    read("gate_interval", _seconds, None)
    commit = raw.get("commit")
    settings = Settings(
        waves=tuple(texts(raw.get("waves", ["100%"]))),
        canary=tuple(names(raw.get("canary"))),
        mode=read("mode", _mode, "plan"),
        # In YAML a commit looks like a number.
        commit=None if commit is None else str(commit).strip() or None,
        allow_empty=truth(raw.get("allow_empty")),
        not_after=read("not_after", lambda value: time_of(value, raw.get("started")), None),
        sites=tuple((site, tuple(names(clusters))) for site, clusters in sites.items()),
        site_pattern=read("site_pattern", _pattern, ""),
        gates=read("gates", mapping, {}),
        allowed_states=tuple(names(raw.get("gate_allowed_states"))),
        vcenter=str(raw.get("vcenter") or ""),
        started=str(raw.get("started") or ""),
        **budgets,
    )
    return settings, problems


def texts(value: t.Any) -> list[t.Any]:
    """Return a list as it is, and the parts of a text, which is a list in JSON or has commas or lines between them."""
    if value is None:
        return []
    if isinstance(value, str) and value.strip().startswith("["):
        # A pattern may begin like that as well.
        with contextlib.suppress(ValueError, RecursionError):
            value = json.loads(value)
    if isinstance(value, (list, tuple)):
        return [one for one in value if not isinstance(one, str) or one.strip()]
    return [part.strip() for part in re.split(r"[,\n]", str(value)) if part.strip()]


def names(value: t.Any) -> list[str]:
    """Return what ``texts`` does, as text."""
    return [str(one).strip() for one in texts(value)]


def mapping(value: t.Any) -> Json:
    """Return a dictionary with keys of text, also from text in JSON, and from ``name=value`` with commas between.

    :raises ValueError: it is none.
    """
    read = value or {}
    if isinstance(value, str):
        pairs = [part.partition("=") for part in names(value)]
        read = {name.strip(): what.strip() for name, sign, what in pairs} if all(one[1] for one in pairs) else None
        if value.strip().startswith("{"):
            with contextlib.suppress(ValueError, RecursionError):
                read = json.loads(value)
    if not isinstance(read, dict):
        raise ValueError(f"{value!r} is no mapping; write it in YAML or JSON, such as {{name: value}}")
    return {str(name): what for name, what in read.items()}


def truth(value: t.Any) -> bool:
    """Return what Ansible means by a value of yes or no."""
    return str(value or "").strip().lower() not in ("", "0", "0.0", "false", "f", "no", "n", "off")


def _mode(value: t.Any) -> str:
    mode = str(value or RUN_MODES[0])
    if mode not in RUN_MODES:
        raise ValueError(f"{mode!r} is none of {', '.join(RUN_MODES)}")
    return mode


def _pattern(value: t.Any) -> str:
    pattern = str(value or "")
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"{pattern!r} is no regular expression ({error})") from error
    return pattern


def _seconds(value: t.Any) -> None:
    if value is not None and not re.fullmatch(r"0*[1-9][0-9]*", str(value).strip()):
        raise ValueError(f"{value!r} is no number of seconds above 0")


def time_of(value: t.Any, started: str | None) -> datetime.datetime | None:
    """Return the point in time meant, in UTC; None for nothing.

    :param value: ISO 8601 with its offset from UTC, or a time of day (of UTC, unless it has an offset), which is the
        next such time after the start.
    :param started: ISO 8601, in UTC.
    :raises ValueError: it is neither.
    """
    text = str(value or "").strip()
    if not text:
        return None
    # Without quotes, YAML takes 22:30 for a number with the base 60.
    if re.fullmatch(r"[0-9]{2,4}", text) and 60 <= int(text) < 24 * 60:
        text = f"{int(text) // 60}:{int(text) % 60:02}"
    try:
        point = _next(text, started) or instant(text)
        if point.tzinfo is not None:
            return point.astimezone(datetime.timezone.utc)
    except (ValueError, OverflowError):
        pass
    raise ValueError(
        f"{text!r} is neither a time of day such as '04:00' or '04:00+01:00', nor a date and time with its offset such "
        "as '2026-03-02T04:00:00Z'"
    )


def _next(text: str, started: str | None) -> datetime.datetime | None:
    """Return the next time of a day after the start; None if it is no time of a day."""
    day = re.fullmatch(r"([01]?[0-9]|2[0-3]):([0-5][0-9])\s*(Z|[+-][0-9]{2}:?[0-9]{2})?", text)
    if not day:
        return None
    begin = instant(started) if started else datetime.datetime.now(datetime.timezone.utc)
    local = begin.astimezone(instant(f"2000-01-01T00:00:00{day[3] or 'Z'}").tzinfo)
    point = local.replace(hour=int(day[1]), minute=int(day[2]), second=0, microsecond=0)
    return point if point > local else point + datetime.timedelta(days=1)


def instant(text: str) -> datetime.datetime:
    """Return a point in time.

    :param text: ISO 8601.
    :raises ValueError: it is none.
    """
    # Python 3.10 knows neither Z nor an offset without its colon.
    text = re.sub(r"Z$", "+00:00", text.strip())
    return datetime.datetime.fromisoformat(re.sub(r"([+-][0-9]{2})([0-9]{2})$", r"\1:\2", text))


@dataclasses.dataclass(frozen=True)
class Wave:
    """Clusters that are staged together.

    :param selected: whether the mode of this run carries it out.
    """

    clusters: tuple[Json, ...]
    canary: bool
    selected: bool


@dataclasses.dataclass(frozen=True)
class Left:
    """A cluster that is in no wave, with the verdict that it has for that, and why."""

    cluster: Json
    verdict: str
    why: str
    wave: int | None = None
    counts: t.Mapping[str, int] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Plan:
    """What is to be done.

    :param problems: a sentence for each thing that forbids it; then there are no waves.
    :param notes: what is good to know.
    :param labels: what to call each cluster, by its identifier.
    :param sites: the label of the site of each cluster, by its identifier; None for those that have none.
    """

    waves: tuple[Wave, ...]
    left: tuple[Left, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    labels: t.Mapping[str, str]
    sites: t.Mapping[str, str | None]


def plan_of(
    found: t.Sequence[Json], settings: Settings, problems: t.Sequence[str] = (), state: str | None = None
) -> Plan:
    """Return the plan.

    :param found: clusters and standalone hosts, as esx_cluster_stage_info and esx_host_stage_info return them.
    :param problems: what is known to forbid it already.
    :param state: the text that an earlier run has left; see ``state_of``.
    """
    told, notes = [*problems], []
    managed = [one for one in found if one["image_managed"]]
    told += [f"{one['name']}: {' '.join(one['unknown'])}" for one in found if one["image_managed"] is None]
    told += [f"{one['name']} has no commit '{settings.commit}'" for one in managed if one.get("has_commit") is False]
    if not managed and not settings.allow_empty and not told:
        told.append(
            "There is nothing to stage: no cluster or host that is selected is managed by an image. "
            "Select others, or set rolling_stage_allow_empty"
        )
    earlier, note = usable(state, settings)
    notes += [note] if note else []
    if settings.mode == "rest" and earlier.get("mode") == "canary" and earlier.get("problem"):
        told.append(f"The canary wave before this has failed ({earlier['problem']}). Run it again in mode canary")
    canaries = _canaries(managed, settings.canary, told)
    waves, done = _waves(managed, settings, canaries, earlier, told)
    baseline = [
        Left(one, "not_image_managed", "managed by baselines") for one in found if one["image_managed"] is False
    ]
    finished = [
        Left(one, "unchanged", f"done in the run of {earlier['started']}", None, {"skipped": number})
        for one, number in done
    ]
    unplanned = [Left(one, "not_started", "") for one in found if told and one["image_managed"] is not False]
    return Plan(
        tuple(() if told else waves),
        tuple([*unplanned, *baseline] if told else [*finished, *baseline]),
        tuple(told),
        tuple(notes),
        _labels(found),
        {one["moid"]: site_of(one, settings) for one in found},
    )


def site_of(cluster: Json, settings: Settings) -> str | None:
    """Return the label of the site that a cluster belongs to; None if nothing says so."""
    for site, patterns in settings.sites:
        if any(fits(cluster, pattern) for pattern in patterns):
            return site
    match = re.search(settings.site_pattern, cluster["name"]) if settings.site_pattern else None
    if not match:
        return None
    return next((group for group in match.groups() if group), None) if match.re.groups else match[0]


def fits(cluster: Json, wanted: str) -> bool:
    """Whether a name, an identifier or a pattern such as ``prod-*`` means a cluster."""
    return wanted in (cluster["name"], cluster["moid"]) or fnmatch.fnmatchcase(cluster["name"], wanted)


def _canaries(managed: list[Json], wanted: t.Sequence[str], problems: list[str]) -> list[Json]:
    """Return the clusters that go first, in the order in which they are named."""
    chosen: dict[str, Json] = {}
    for name in wanted:
        fitting = [one for one in managed if fits(one, name)]
        if not fitting:
            problems.append(f"The canary '{name}' is none of the clusters selected that are managed by an image")
        chosen.update({one["moid"]: one for one in fitting})
    return list(chosen.values())


def _waves(
    managed: list[Json], settings: Settings, canaries: list[Json], earlier: Json, problems: list[str]
) -> tuple[list[Wave], list[tuple[Json, int]]]:
    """Return the waves, and the clusters that an earlier run has done with the number of their hosts."""
    by_moid = {one["moid"]: one for one in managed}
    done = {moid: number for moid, one in by_moid.items() if (number := _done(one, earlier)) is not None}
    groups, planned = _kept(earlier, by_moid)
    new = [one for one in canaries if one["moid"] not in planned]
    if new:
        groups.insert(0, (True, new))
    planned |= {one["moid"] for one in new}
    others = [one for one in managed if one["moid"] not in planned and one["moid"] not in done]
    try:
        sized = waves_of(others, settings.waves, len(managed))
    except ValueError as error:
        problems.append(f"The waves cannot be planned: {error}")
        return [], []
    # Without a choice of canaries the first wave is one.
    first = not groups
    groups += [(first and not number, wave) for number, wave in enumerate(sized)]
    left = [(canary, [one for one in group if one["moid"] not in done]) for canary, group in groups]
    chosen = {"plan": (), "canary": (True,), "rest": (False,)}.get(settings.mode, (True, False))
    waves = [Wave(tuple(group), canary, canary in chosen) for canary, group in left if group]
    return waves, [(by_moid[moid], number) for moid, number in done.items()]


def _kept(earlier: Json, by_moid: t.Mapping[str, Json]) -> tuple[list[tuple[bool, list[Json]]], set[str]]:
    """Return the waves of an earlier run with the clusters that are still there, and their identifiers."""
    groups: list[tuple[bool, list[Json]]] = []
    planned: set[str] = set()
    for wave in earlier["waves"]:
        group = [moid for moid in dict.fromkeys(wave["clusters"]) if moid in by_moid and moid not in planned]
        planned.update(group)
        if group:
            groups.append((wave["canary"], [by_moid[moid] for moid in group]))
    return groups, planned


def waves_of(clusters: t.Sequence[T], sizes: t.Sequence[t.Any], total: int | None = None) -> list[list[T]]:
    """Return the clusters in waves, in their order. Sizes are those of Ansible's ``serial``.

    Each size is a number of clusters, or a percentage of all of them (rounded down, but at least one). The last size is
    repeated until no cluster is left.

    :param total: what percentages are of; None for these clusters.
    :raises ValueError: a size is neither.
    """
    numbers = [_number_of(size, len(clusters) if total is None else total) for size in sizes]
    if not numbers:
        raise ValueError("there is no wave; give at least one size")
    waves: list[list[T]] = []
    start = 0
    while start < len(clusters):
        number = numbers[min(len(waves), len(numbers) - 1)]
        waves.append(list(clusters[start : start + number]))
        start += number
    return waves


def _number_of(size: t.Any, total: int) -> int:
    match = re.fullmatch(r"([1-9][0-9]*)(%?)", str(size).strip())
    if isinstance(size, (bool, float)) or not match or (match[2] and int(match[1]) > 100):
        raise ValueError(f"the wave size {size!r} is neither a number from 1 nor a percentage from '1%' to '100%'")
    return max(1, total * int(match[1]) // 100) if match[2] else int(match[1])


NO_STATE: Json = {"waves": [], "clusters": {}, "started": ""}


def usable(state: str | None, settings: Settings) -> tuple[Json, str]:
    """Return what an earlier run has left, as far as this one can go on with it, and a note on that.

    :param state: the text of the state file; None or empty where there is none.
    """
    if not state:
        return NO_STATE, ""
    try:
        read = json.loads(state)
        sound = _is_state(read)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        sound = False
    if not sound:
        return NO_STATE, "The state file does not hold the state of a rollout; a new rollout begins."
    if read.get("finished"):
        return NO_STATE, ""
    for name, now in (("vCenter", settings.vcenter), ("commit", settings.commit)):
        before = read.get(name.lower())
        if before != now:
            return NO_STATE, (
                f"The state file is about {_which(name, before)} and this run about {_which(name, now)}; "
                "a new rollout begins."
            )
    return read, f"Going on with the rollout that began at {read['started']}."


def _which(name: str, value: t.Any) -> str:
    return f"no certain {name}" if value is None else f"{name} '{value}'"


def _is_state(read: Json) -> bool:
    return (
        read["schema_version"] == STATE_VERSION
        # It is shown.
        and re.fullmatch(r"[0-9TZ:-]*", read["started"]) is not None
        and all(isinstance(wave["canary"], bool) for wave in read["waves"])
        and all(isinstance(moid, str) for wave in read["waves"] for moid in [*wave["clusters"]])
        and all(
            {"verdict", "commit"} <= set(one) and isinstance(one["hosts"], int) for one in read["clusters"].values()
        )
    )


def _done(cluster: Json, earlier: Json) -> int | None:
    """Return the number of hosts of a cluster that an earlier run has done for the image that it still has."""
    known = earlier["clusters"].get(cluster["moid"])
    commit = cluster.get("commit")
    if not known or known["verdict"] not in DONE or commit is None or known["commit"] != commit:
        return None
    # Another host since then is one to stage.
    number = max(0, known["hosts"])
    same = cluster.get("counts", {}).get("hosts", number) == number and cluster.get("members") == known.get("members")
    return number if same else None


def state_of(
    rollout: Json, found: t.Sequence[Json], settings: Settings, *, finished: bool, earlier: str | None
) -> Json:
    """Return what a later run needs to go on: waves and verdicts, no secrets.

    :param rollout: with ``waves``, ``clusters`` and ``problem``.
    :param found: the clusters, as they were read before the first wave.
    :param finished: whether nothing is left of what was selected now.
    :param earlier: the state that this run has gone on with.
    """
    kept, _note = usable(earlier, settings)
    entries, members = rollout["clusters"], {one["moid"]: one.get("members") for one in found}
    clusters = dict(kept["clusters"])
    for entry in entries:
        if entry["wave"] is not None and entry["verdict"] not in ("not_started", "unknown"):
            number = sum(entry["counts"].values())
            commit = entry["commit"] or entry["planned_commit"]
            clusters[entry["moid"]] = {
                **{"verdict": entry["verdict"], "commit": commit, "hosts": number},
                "members": members.get(entry["moid"]),
            }
    waves = [
        {"canary": wave["canary"], "clusters": [one["moid"] for one in wave["clusters"]]} for wave in rollout["waves"]
    ]
    # What was not selected this time is still to be done.
    here = {moid for wave in waves for moid in wave["clusters"]} | {entry["moid"] for entry in entries}
    others = [{**wave, "clusters": [moid for moid in wave["clusters"] if moid not in here]} for wave in kept["waves"]]
    others = [wave for wave in others if wave["clusters"]]
    left = any(clusters.get(moid, {}).get("verdict") not in DONE for wave in others for moid in wave["clusters"])
    return {
        "schema_version": STATE_VERSION,
        "vcenter": settings.vcenter,
        "commit": settings.commit,
        "started": kept["started"] or settings.started,
        "finished": finished and not left,
        "mode": settings.mode,
        "problem": rollout["problem"],
        "waves": waves + others,
        "clusters": clusters,
    }


def _labels(found: t.Sequence[Json]) -> dict[str, str]:
    """Return what to call each cluster: its name, with the identifier where several have that name."""
    names = collections.Counter(one["name"] for one in found)
    return {one["moid"]: one["name"] if names[one["name"]] == 1 else f"{one['name']} ({one['moid']})" for one in found}
