-- Runs of imports. How far one has come is noted in the transaction that writes its rows, so that whoever goes on with it
-- writes each row once.
create table import (
    account_id   uuid        not null,
    id           uuid        not null,
    project_id   uuid        not null,
    name         text        not null,                -- of the file
    fingerprint  bytea       not null,                -- SHA-256 of the file and its options: the same again goes on
    about        jsonb       not null,                -- what the file was taken for
    rejects      jsonb       not null,                -- how its rejected rows are written out again
    records      bigint      not null,                -- its rows
    done         bigint      not null default 0,      -- those that are done
    created      bigint      not null default 0,      -- and what became of them
    updated      bigint      not null default 0,
    unchanged    bigint      not null default 0,
    stale        bigint      not null default 0,
    rejected     bigint      not null default 0,
    problem      text,                                -- why it ended early
    started_at   timestamptz not null,
    updated_at   timestamptz not null,
    finished_at  timestamptz,
    told         boolean     not null default false,  -- whether anybody has heard that it ended
    primary key (account_id, id),
    foreign key (account_id, project_id) references project (account_id, id) on delete cascade
);
create unique index on import (account_id, project_id, fingerprint) where not told;

-- The rows that were not taken, as they stood in the file, to be mended and imported again. Kept for a month.
create table import_rejected (
    account_id  uuid   not null,
    import_id   uuid   not null,
    record      bigint not null,
    line        bigint not null,
    reason      text   not null,
    raw         text   not null,
    primary key (account_id, import_id, record),
    foreign key (account_id, import_id) references import (account_id, id) on delete cascade
);
