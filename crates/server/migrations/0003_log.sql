-- The log of changes can be replayed. What there is gets its order and its births in steps, by the program (0004);
-- 0005 then holds it to them.

-- Everything that a batch needs to know comes back when it bumps the clock: the version that it makes; the account's
-- time, which never runs backwards; the zone in which its days are counted; and the horizon, before which the log has been
-- pruned (null: it has not).
alter table clock add column time timestamptz not null default 'epoch';
alter table clock add column zone text not null default 'UTC';     -- an IANA time zone
alter table clock add column horizon timestamptz;
update clock c set zone = a.zone from account a where a.id = c.account_id;
alter table account drop column zone;

-- How long the log is kept, and when it was pruned last.
alter table account add column history_months int not null default 24 check (history_months >= 0);  -- 0: for ever
alter table account add column pruned_at timestamptz;

-- The first day on which an app told of activity as it happened: what was before is not known. Null: none has yet.
alter table project add column activity_since date;

alter table relationship add column last_day date;             -- the latest day of activity that is marked
alter table relationship add column began timestamptz;         -- the date of the call that created it
alter table relationship add column last_change timestamptz;   -- the latest date of a change

-- A server of the version before that still runs can write no change from here on: what it wrote would not be mended.
alter table change rename column id to old_id;
-- The order of changes is (at, version, seq): seq counts within a batch.
alter table change add column version bigint not null default 0;
alter table change add column seq int not null default 0;
alter table change add column created boolean not null default false;    -- the relationship began with it
alter table change add column inferred boolean not null default false;   -- written afterwards, from what was left
alter table change add column dated_by text;                             -- caller, first_seen, receipt
alter table change add column received timestamptz;                      -- when its batch was written
alter table change add column source_name text;                          -- the connector
alter table change drop constraint change_source_check;

-- Where the program is with what there is: the relationship that it has done last, and how many.
create table upgrade (
    account_id   uuid   not null,
    project_id   uuid   not null,
    customer_id  uuid   not null,
    done         bigint not null,
    total        bigint not null
);
