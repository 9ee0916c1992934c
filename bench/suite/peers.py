#!/usr/bin/env python3
# The peers that run in this process: DuckDB (params as JSON, and columns declared in advance) and ClickHouse (chdb).
# peers.py load|answers|times FOLDER: each step reads and writes files of the run's folder; a peer that is not
# installed says so and is left out.
import itertools
import json
import os
import statistics
import sys
import time

RUNS, PATIENCE = 7, 6.0  # as many runs as these, or for so many seconds
PARTS, SETTLING = 12, 120.0  # so few parts of a table of ClickHouse are waited for, or for so many seconds
BLOCK = int(os.environ.get("TINYCRM_BENCH_BLOCK", 100_000))  # rows that ClickHouse is given at once
# Paths that ClickHouse makes columns of, the others share one: a thousand, which it would make, are so many files of each part
# that it has too many open when it merges the parts of a million rows.
JSON = "JSON(max_dynamic_paths = 128)"

FIELDS = {
    "customer": "UUID", "email": "VARCHAR", "user_id": "VARCHAR", "name": "VARCHAR", "status": "VARCHAR",
    "status_since": "TIMESTAMP", "first_paid": "TIMESTAMP", "first_seen": "TIMESTAMP",
    "last_activity": "TIMESTAMP", "params": "JSON",
}

# What somebody would declare who knew in advance all that will be asked; the rest stays JSON.
COLUMNS = """customer, email, user_id, name, status, status_since, first_paid, first_seen, last_activity,
    params->>'$.plan' as plan,
    case when json_type(params, '$.mrr') in ('UBIGINT', 'BIGINT', 'DOUBLE')
         then (params->>'$.mrr')::decimal(12,2) end as mrr,
    params->>'$.source' as source, params->>'$.role' as role,
    try_cast(left(params->>'$.trial_ends', 10) as date) as trial_ends, params->>'$.trial_ends' as trial_ends_text,
    params->>'$.referral' as referral, params->>'$.referral_code' as referral_code, (params->>'$.beta')::boolean as beta,
    (params->>'$.newsletter')::boolean as newsletter, (params->>'$.signed_up_at')::timestamp as signed_up_at,
    params->>'$.billing_cycle' as billing_cycle, (params->>'$.score')::integer as score,
    (params->>'$.seats')::integer as seats, params->>'$.locale' as locale,
    params->>'$.company.name' as company_name, params->>'$.company.country' as company_country,
    params->>'$.company.size' as company_size,
    case when json_type(params, '$.company') = 'VARCHAR' then params->>'$.company' end as company_text, from_json(params->'$.tags', '["VARCHAR"]') as tags,
    json_merge_patch(params, '{"plan":null,"mrr":null,"source":null,"role":null,"trial_ends":null,"referral":null,"referral_code":null,
      "beta":null,"newsletter":null,"signed_up_at":null,"billing_cycle":null,"score":null,"seats":null,"locale":null,
      "company":null,"tags":null}') as rest"""

# The past, as somebody would declare it who knew in advance what will be asked: from when to when things were so, each change
# with both sides, and the days on which somebody was seen; each in the order in which it is looked for.
PAST_FIELDS = {
    "customer": "UUID", "days": "INTEGER[]",
    "was": "STRUCT(valid_from TIMESTAMP, valid_to TIMESTAMP, status VARCHAR, plan VARCHAR, mrr DECIMAL(12,2), odd BOOLEAN)[]",
    "changes": 'STRUCT(name VARCHAR, changed_at TIMESTAMP, old VARCHAR, new VARCHAR)[]',
}
PAST = {
    "was": ("unnest(was, recursive := true)", "valid_from"),
    "changes": ("unnest(changes, recursive := true)", "name, changed_at"),
    "days": ("date '1970-01-01' + unnest(days) as day", "day"),
}

# What insights ask for, the same way: who is in which project, and what people hold under keys that nobody declared.
WIDE = {
    "members": '''select 'bench' as project, customer, status from bench union all select 'newsletter', customer, status from newsletter
        union all select parse_filename(filename, true), customer, status from read_json('{folder}/side-*.ndjson',
            format = 'newline_delimited', columns = {{"customer": "UUID", "status": "VARCHAR"}}, filename = true,
            maximum_object_size = 8388608) order by customer''',
    "held": '''with keys as (select customer, rest, unnest(json_keys(rest)) as key from bench),
        settings as (select customer, rest->'$.settings' as own, unnest(json_keys(rest->'$.settings')) as key from bench)
        select customer, key as path, rest->>key as value from keys where json_type(rest, '$.' || key) <> 'OBJECT'
        union all select customer, 'settings.' || key, own->>key from settings order by path''',
}

CLICKHOUSE_FIELDS = """customer UUID, email String, user_id String, name Nullable(String), status LowCardinality(String),
    status_since DateTime64(6, 'UTC'), first_paid Nullable(DateTime64(6, 'UTC')), first_seen DateTime64(6, 'UTC'),
    last_activity DateTime64(6, 'UTC')"""

TABLES = ["bench", "newsletter"]


def blocks(file, block):
    """The lines of a file in a file of some of them, one block after the other."""
    with open(file, "rb") as lines:
        while some := list(itertools.islice(lines, BLOCK)):
            with open(block, "wb") as out:
                out.writelines(some)
            yield block
    if os.path.exists(block):
        os.remove(block)


class DuckDB:
    """A DuckDB database in a file."""

    def __init__(self, folder, name):
        import duckdb

        self.version = "DuckDB " + duckdb.__version__
        self.folder, self.name = folder, name
        self.db = duckdb.connect(os.path.join(folder, name + ".db"))
        self.db.execute("set timezone = 'UTC'")

    def load(self):
        for table in TABLES:
            file = os.path.join(self.folder, table + ".ndjson")
            rows = f"read_json('{file}', format = 'newline_delimited', columns = {FIELDS}, maximum_object_size = 8388608)"
            what = COLUMNS if self.name == "duckdb_columns" else "*"
            self.db.execute(f"create table {table} as select {what} from {rows}")
        if self.name == "duckdb_columns":
            file = os.path.join(self.folder, "bench-past.ndjson")
            past = f"read_json('{file}', format = 'newline_delimited', columns = {PAST_FIELDS}, maximum_object_size = 8388608)"
            for table, (rows, order) in PAST.items():
                self.db.execute(f"create table {table} as select * from (select customer, {rows} from {past}) order by {order}")
            for table, rows in WIDE.items():
                self.db.execute(f"create table {table} as {rows.format(folder=self.folder)}")
        self.db.execute("checkpoint")

    def run(self, statement):
        return self.db.execute(statement).fetchall()

    def rows(self, statement):
        found = self.db.execute(statement)
        return [column[0] for column in found.description], found.fetchall()


class ClickHouse:
    """A ClickHouse database in a folder, in this process."""

    def __init__(self, folder, name):
        import chdb
        from chdb.session import Session

        self.folder = folder
        self.db = Session(os.path.join(folder, name))
        version = str(self.db.query("select version()", "TabSeparated")).strip()
        self.version = f"ClickHouse {version} (chdb {chdb.__version__})"
        self.db.query("create database if not exists peers")
        self.db.query("use peers")
        self.db.query("set use_query_condition_cache = 0")  # it would remember which rows a filter found

    def load(self):
        for table in TABLES:
            file = os.path.join(self.folder, table + ".ndjson")
            self.db.query(f"create table {table} ({CLICKHOUSE_FIELDS}, params {JSON}, raw String) engine = MergeTree order by customer")
            fields = CLICKHOUSE_FIELDS.replace("'UTC'", "\\'UTC\\'")
            # A statement a block: what a whole file of JSON takes on its way in grows with the file, and passes the memory at a million.
            for block in blocks(file, os.path.join(self.folder, "block.ndjson")):
                self.db.query(f"insert into {table} select * except params, params::{JSON}, params from file('{block}', JSONEachRow, "
                              f"'{fields}, params String') settings "
                              "date_time_input_format = 'best_effort', max_threads = 1, input_format_parallel_parsing = 0, "
                              f"max_insert_block_size = {BLOCK}, min_insert_block_size_rows = {BLOCK}, "
                              "min_insert_block_size_bytes = 0")
            # Each block is a part, and parts cost each question: until few are left it is not asked. chdb does not come back
            # from OPTIMIZE, so they are waited for, some minutes at most.
            begin = time.perf_counter()
            while self.parts(table) > PARTS and time.perf_counter() - begin < SETTLING:
                time.sleep(0.2)

    def parts(self, table):
        found = self.db.query(f"select count() from system.parts where active and database = 'peers' and table = '{table}'", "TabSeparated")
        return int(str(found))

    def run(self, statement):
        return self.db.query(statement, "TabSeparated").bytes()

    def rows(self, statement):
        found = json.loads(str(self.db.query(statement, "JSONCompact")))
        return [column["name"] for column in found["meta"]], found["data"]


PEERS = {"duckdb_json": DuckDB, "duckdb_columns": DuckDB, "clickhouse": ClickHouse}


def opened(folder):
    """Each peer that is installed, one after the other; none that could not be loaded."""
    chosen = os.environ.get("TINYCRM_BENCH_PEERS", " ".join(PEERS)).split()
    for name, kind in ((name, PEERS[name]) for name in chosen):
        if os.path.exists(os.path.join(folder, f"missing-{name}.json")):
            continue
        try:
            peer = kind(folder, name)
        except ImportError as error:
            leave_out(folder, name, f"is not installed: {error}")
            continue
        yield name, peer


def leave_out(folder, name, why):
    """Leaves a peer out from then on, and says why."""
    write(folder, "missing-" + name, why)
    print(f"{name} {why}; it is left out")


def write(folder, name, value):
    with open(os.path.join(folder, name + ".json"), "w") as file:
        json.dump(value, file, indent=1)


def statements(folder, name):
    """The statements of each question that this peer can answer."""
    with open(os.path.join(folder, "questions.json")) as file:
        for question in json.load(file):
            asked = question["engines"][name]
            if isinstance(asked, list):
                yield question["name"], asked


def cell(value):
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def answer(peer, asked):
    rows = []
    for statement in asked:
        columns, found = peer.rows(statement)
        if "email" in columns:
            at = columns.index("email")
            rows += [[str(place), row[at]] for place, row in enumerate(found)]
        else:
            rows += [[cell(value) for value in row] for row in found]
    return rows


def times(peer, asked):
    taken, begin = [], time.perf_counter()
    for place in range(RUNS + 1):
        sent = time.perf_counter()
        for statement in asked:
            peer.run(statement)
        took = time.perf_counter() - sent
        if place > 0 or took > PATIENCE:  # the first run warms up, unless there is time for only one
            taken.append(took * 1000)
        if taken and time.perf_counter() - begin > PATIENCE:
            break
    return {"best": min(taken), "median": statistics.median(taken), "runs": len(taken)}


def load(folder, name, peer):
    """Fills a peer."""
    begin = time.perf_counter()
    try:
        peer.load()
    except Exception as error:  # each peer has its own
        leave_out(folder, name, f"could not take the rows in: {str(error).partition(chr(10))[0][:200]}")
        return
    write(folder, "peer-" + name, {"version": peer.version, "loaded_s": time.perf_counter() - begin})


def main(step, folder):
    for name, peer in opened(folder):
        if step == "load":
            load(folder, name, peer)
        elif step == "answers":
            write(folder, "answers-" + name, {name: answer(peer, asked) for name, asked in statements(folder, name)})
        else:
            write(folder, "times-" + name, {name: times(peer, asked) for name, asked in statements(folder, name)})
        del peer


main(sys.argv[1], sys.argv[2])
