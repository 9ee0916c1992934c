-- Addresses and domains that do not count: nothing is stored of them.
create table ignored (
    account_id  uuid        not null references account (id),
    pattern     text        not null,                 -- test@x.com; @x.com: that domain; @*.x.com: its subdomains
    added_at    timestamptz not null,
    primary key (account_id, pattern)
);

-- The version that altered the list last. A batch learns it with its turn, and reads the list only when it is another one.
alter table clock add column ignored bigint not null default 0;

-- Rows of an import that are about them.
alter table import add column ignored bigint not null default 0;
