-- Which accounts have moved is read from the feed of all of them: the number of the transaction that made a version says whether
-- a snapshot that somebody took earlier could see it. Null: made before this was written down.
alter table feed add column xid bigint;
alter table feed alter column xid set default pg_current_xact_id()::text::bigint;
create index feed_xid on feed (xid);

-- One row a running server, whatever the number of its accounts: all that is visible in the snapshot is in its indexes.
drop table follower;
create unlogged table follower (
    process     uuid        primary key,
    snapshot    text        not null,                 -- as pg_current_snapshot() says it
    told_at     timestamptz not null
);
