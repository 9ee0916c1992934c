-- What a run of an import keeps of single rows is bounded: how many of the rejected ones are kept, and their bytes.
alter table import add column kept bigint not null default 0;
alter table import add column kept_bytes bigint not null default 0;
update import i set kept = (
    select count(*) from import_rejected r where r.account_id = i.account_id and r.import_id = i.id
) where rejected > 0;

-- The first rows that told something older than what is known: their numbers and lines, and what of them was late.
alter table import add column stale_rows jsonb not null default '[]';
