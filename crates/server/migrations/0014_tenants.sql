-- Who signed in by a link may replace a password that they lost.
alter table session add column by_link boolean not null default false;

-- The networks from which a member has signed in: what others try does not keep them out there, after a restart either.
create table known_network (
    member_id  uuid        not null references member (id) on delete cascade,
    network    inet        not null,                  -- an IPv4 address, or the /64 of an IPv6 one
    seen_at    timestamptz not null,
    primary key (member_id, network)
);

-- A project's key must not learn what segments other projects have: a slug is its own only in what is seen together.
alter table segment drop constraint segment_account_id_slug_key;
create unique index on segment (account_id, slug) where project_id is null;
create unique index on segment (account_id, project_id, slug) where project_id is not null;
