-- The foundation: identity, projects, customers, their history, and the clock that orders it all.
-- Every tenant table's keys begin with account_id and so does every WHERE, so that the schema also runs
-- distributed by account_id. No triggers, no defaults that read the clock: time is always a parameter.

-- Identity: looked up without an account id; this is where an account id comes from. -------------------------

create table account (
    id          uuid primary key,
    name        text        not null,
    zone        text        not null default 'UTC',   -- an IANA time zone; days begin and end in it
    created_at  timestamptz not null
);

create table member (
    id             uuid primary key,
    account_id     uuid        not null references account (id),
    email          text        not null unique,       -- normalised: trimmed and lower-cased
    password_hash  text,                              -- argon2id; null until the member chose one
    role           text        not null check (role in ('owner', 'admin', 'viewer')),
    created_at     timestamptz not null
);

create table session (
    token_hash  bytea primary key,                    -- SHA-256 of the cookie
    member_id   uuid        not null references member (id) on delete cascade,
    created_at  timestamptz not null,
    expires_at  timestamptz not null
);

create table sign_in_link (
    token_hash  bytea primary key,                    -- SHA-256 of the token; the row goes when it is used
    member_id   uuid        not null references member (id) on delete cascade,
    expires_at  timestamptz not null
);

create table api_key (
    id            uuid primary key,
    account_id    uuid        not null references account (id),
    project_id    uuid,                               -- null for account keys
    kind          text        not null check (kind in ('secret', 'read', 'publishable', 'account')),
    hash          bytea       not null unique,        -- SHA-256 of the key; the key itself is shown once
    prefix        text        not null,               -- what may be shown: tcrm_proj_4fQx…
    label         text        not null,
    created_at    timestamptz not null,
    last_used_at  timestamptz,                        -- written at most once a minute, off the path
    revoked_at    timestamptz,
    check ((kind = 'account') = (project_id is null))
);
create index on api_key (account_id, project_id);

-- Tenant tables ---------------------------------------------------------------------------------------------

create table project (
    account_id  uuid        not null references account (id),
    id          uuid        not null,
    slug        text        not null,
    name        text        not null,
    colour      text        not null,                 -- one of the palette's names
    test        boolean     not null,                 -- left out of account-wide views, can be reset
    created_at  timestamptz not null,
    primary key (account_id, id),
    unique (account_id, slug)
);

-- Nothing references the clock, so that bumping it (the first statement of every batch) stays cheap.
create table clock (
    account_id  uuid   primary key,
    version     bigint not null
) with (fillfactor = 10);

create table customer (
    account_id  uuid not null references account (id),
    id          uuid not null,
    email       text not null,                        -- normalised: trimmed and lower-cased
    primary key (account_id, id),
    unique (account_id, email)
);

-- A customer in a project. Nothing volatile is indexed, so that a ping is a HOT update.
create table relationship (
    account_id     uuid        not null,
    project_id     uuid        not null,
    customer_id    uuid        not null,
    user_id        text,
    name           text,
    status         text        not null check (status in ('free', 'trial', 'paid', 'churned')),
    status_since   timestamptz not null,
    first_paid     timestamptz,
    params         jsonb       not null,
    open_keys      text[]      not null,              -- keys that only publishable calls have set
    first_seen     timestamptz not null,
    last_activity  timestamptz not null,
    version        bigint      not null,              -- the account's version that last altered this row
    primary key (account_id, project_id, customer_id),
    unique (account_id, project_id, user_id),
    foreign key (account_id, project_id) references project (account_id, id),
    foreign key (account_id, customer_id) references customer (account_id, id)
) with (fillfactor = 80);
create index on relationship (account_id, customer_id);
create index relationship_params on relationship using gin (params jsonb_path_ops) with (fastupdate = off);

-- The days (UTC) on which a relationship was seen: one bit a day, day 1 is the lowest bit of byte 0.
create table activity (
    account_id   uuid     not null,
    project_id   uuid     not null,
    customer_id  uuid     not null,
    year         smallint not null,
    days         bytea    not null,                   -- 46 bytes
    primary key (account_id, project_id, customer_id, year)
);

-- What one call altered. `fields` holds status, name, user_id and email; `params` the keys. Each is an object of
-- {"key": {"before": …, "after": …}}; a side that is absent was missing. A value over 4 KiB is kept as
-- "before_large" or "after_large": {"type", "bytes", "sha256"}.
create table change (
    account_id   uuid        not null,
    id           uuid        not null,
    project_id   uuid        not null,
    customer_id  uuid        not null,
    at           timestamptz not null,                -- when it happened (the call's timestamp)
    source       text        not null check (source in ('key', 'member', 'import')),
    source_id    uuid,                                -- the key or member
    fields       jsonb       not null,
    params       jsonb       not null,
    stale        text[]      not null,                -- keys that came too late to alter the present value
    primary key (account_id, id)
);
create index on change (account_id, customer_id, at);

-- What publishable calls tried and stored state refused: `params.KEY`, `status`, or `params` for their size.
create table refusal (
    account_id   uuid        not null,
    project_id   uuid        not null,
    customer_id  uuid        not null,
    key          text        not null,
    times        bigint      not null,
    last_at      timestamptz not null,
    primary key (account_id, project_id, customer_id, key)
);

-- One row a batch: which relationships it touched or removed. Kept a day; other processes follow it.
create table feed (
    account_id         uuid        not null,
    version            bigint      not null,
    at                 timestamptz not null,
    touched_projects   uuid[]      not null,          -- pairs: touched_projects[i], touched_customers[i]
    touched_customers  uuid[]      not null,
    removed_projects   uuid[]      not null,
    removed_customers  uuid[]      not null,
    primary key (account_id, version)
);

create table segment (
    account_id  uuid        not null references account (id),
    id          uuid        not null,
    slug        text        not null,
    name        text        not null,
    filter      text        not null,                 -- strict form
    project_id  uuid,                                 -- null: account-wide
    created_at  timestamptz not null,
    primary key (account_id, id),
    unique (account_id, slug)
);

-- No personal data: codes say per call what was answered, `request` is a keyed hash.
create table idempotency (
    account_id  uuid        not null,
    scope       uuid        not null,                 -- the API key
    key         text        not null,
    request     bytea       not null,
    version     bigint      not null,
    codes       jsonb       not null,
    at          timestamptz not null,
    primary key (account_id, scope, key)
);
create index on idempotency (at);
