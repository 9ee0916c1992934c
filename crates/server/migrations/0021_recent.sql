-- The filters that a member has asked last.
create table recent (
    member_id  uuid        not null references member (id) on delete cascade,
    filter     text        not null,                  -- as it was typed
    at         timestamptz not null
);
create unique index on recent (member_id, md5(filter));

-- Statistics would keep texts of people who are erased.
alter table recent alter column filter set statistics 0;
