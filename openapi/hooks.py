"""What no JSON Schema can say: the languages behind the formats, and the rules between fields.

Requests that are meant to be valid are made so here; each rule is a sentence of the description. Requests that are meant to
be wrong go out as they are."""

import uuid
from typing import Any

import schemathesis
from hypothesis import strategies as st

# The languages, by the names that the description gives them.
FORMATS = {
    "filter": ["", "status = paid", 'params.plan = "pro"', "params.mrr > 20 and not params.n exists", "ada", "last_activity in last 7 days"],
    "sort": ["email", "-params.mrr", "-last_activity"],
    "aggregate": ["sum(params.mrr)", "median(params.n)", "max(last_activity)"],
    "grouping": ["status", "params.plan", "month(first_seen)", "bucket(params.mrr, 10)"],
    "field": ["status", "params.plan", "last_activity"],
    "path": ["params.mrr", "params.company.seats"],
    "held": ["status = paid", "params.mrr > 20", "not params.n exists"],
    "outcome": ["status = paid", "params.mrr > 20"],
    "beginning": ["first_seen", "params.plan = pro"],
    "end": ["first_paid", "status = paid"],
    "facet": ["auto", "status", "params.plan"],
    "columns": ["all", "email", "email,status,params.plan"],
    "cursor": [""],
    "period": ["last 24 months", "this year", "2026-01-01 .. 2026-03-31", "yesterday"],
    "moment": ["2026-03-01", "today", "30 days ago", "yesterday"],
    "date-time": ["2026-01-01T00:00:00Z", "2025-06-30T23:59:59.5+02:00"],
}
for name, texts in FORMATS.items():
    schemathesis.openapi.format(name, st.sampled_from(texts))
schemathesis.openapi.format("name", st.from_regex(r"\A[A-Za-z][A-Za-z0-9 ]{0,30}\Z"))

EDITS = ["params", "set_once", "unset", "increment", "add", "remove"]


# Texts that are what the schema says; the others hold a language, or stand in a list in an address, where none is "".
CHECKED = {"user_id", "name", "Idempotency-Key", "email", "timestamp", "first_seen", "first_paid", "status_since", "last_activity"}


@schemathesis.hook
def filter_case(context: Any, case: Any) -> bool:
    """No schema says which texts are no sentence of a language, so none is made to be one."""
    mutations = getattr(case.meta.phase.data, "mutations", ()) if case.meta else ()
    texts = [mutation for mutation in mutations if {"format", "minLength"} & set(mutation.keywords)]
    return all(str(mutation.schema_pointer).rsplit("/", 1)[-1] in CHECKED for mutation in texts)


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if case.headers and "Idempotency-Key" in case.headers:
        # The same key belongs to the same request.
        case.headers["Idempotency-Key"] = str(uuid.uuid4())
    if case.query:
        ask(case.query)
    if case.path.startswith(("/v1/query", "/v1/series", "/v1/insights/")) and isinstance(case.body, dict):
        ask(case.body)
    if case.path.startswith("/v1/insights/"):
        for fields in (case.query, case.body):
            if isinstance(fields, dict):
                insight(fields)
    if isinstance(case.body, dict) and isinstance(case.body.get("user_id"), str):
        # Some ids are nobody's: 0, null, undefined and the like.
        case.body["user_id"] = f"u_{case.body['user_id']}"[:255]
    if case.path == "/v1/identify" and isinstance(case.body, dict):
        call(case.body)
    if case.path == "/v1/export" and case.query.get("format") == "ndjson":
        # NDJSON has no columns, and no byte order mark.
        case.query.pop("columns", None)
        case.query.pop("bom", None)


def ask(fields: Any) -> None:
    """A question, as a body or in an address."""
    if fields.get("project") is not None:
        # A project is named: no other rows are chosen beside it.
        fields.pop("test", None)
    if fields.get("test"):
        # A project's key sees its own project, which is no test project.
        fields["test"] = False
    if "groups" in (fields.get("select") or []) and not fields.get("group_by"):
        # Groups need what they are grouped by.
        fields["group_by"] = "status"
    # A cursor comes from an answer, and a version from a write.
    fields.pop("cursor", None)
    fields.pop("after", None)
    if fields.get("min_version"):
        fields["min_version"] = 0


def insight(fields: Any) -> None:
    """Values are told apart of what is no time, somebody begins at a date, and numbers stand in params."""
    if fields.get("began") == "status":
        fields["began"] = "first_seen"
    for name in ("by", "across"):
        if fields.get(name) == "last_activity":
            fields[name] = "status"
    if not fields.get("landmark"):
        # Who was there is asked at a landmark.
        fields.pop("there", None)
    if isinstance(fields.get("fields"), list):
        fields["fields"] = [field for field in fields["fields"] if field != "last_activity"]
    elif fields.get("fields") == "last_activity":
        fields["fields"] = "status"
    for name in ("path", "sum", "number"):
        if fields.get(name) and not str(fields[name]).startswith("params."):
            fields[name] = "params.mrr"
    if not fields.get("number"):
        # What is computed is computed of a number.
        fields.pop("how", None)
    if fields.get("carries") and not str(fields["carries"]).startswith(("params.", "user_id")):
        fields["carries"] = "user_id"


def call(fields: Any) -> None:
    """A call: who is known, one name once, numbers of at most 40 digits."""
    if not fields.get("email"):
        fields["email"] = "ada@example.com"
        fields.pop("user_id", None)
    if fields.get("replace") and not isinstance(fields.get("params"), dict):
        fields["replace"] = False
    # What is told of the past belongs to a status, and has an order.
    for field in ("first_paid", "status_since"):
        fields.pop(field, None)
    named: set[str] = set()
    for edit in EDITS:
        values = fields.get(edit)
        if isinstance(values, dict):
            fields[edit] = {key: short(value) for key, value in values.items() if key not in named}
            named.update(values)
        if isinstance(values, list):
            fields[edit] = [key for key in values if key not in named]
            named.update(values)
    if fields.get("increment"):
        # What is incremented is a number, or is not there.
        fields["increment"] = {f"count {key}": value for key, value in fields["increment"].items()}
    for edit in ("add", "remove"):
        if fields.get(edit):
            # What is added to is a set, or is not there.
            fields[edit] = {f"set {key}": value for key, value in fields[edit].items()}


def short(value: Any) -> Any:
    """The value with numbers that have few digits."""
    if isinstance(value, dict):
        return {key: short(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [short(inner) for inner in value]
    if isinstance(value, float) and not isinstance(value, bool):
        return round(max(-1e9, min(1e9, value)), 3)
    if isinstance(value, int) and not isinstance(value, bool):
        return max(-10**30, min(10**30, value))
    return value
