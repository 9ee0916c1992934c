-- Two people who turned out to be one. The row of the one that is not kept stays: it is the address, and the id, under which
-- later calls find the other. No relationship is of it any more.
alter table customer add column alias_of uuid;
alter table customer add foreign key (account_id, alias_of) references customer (account_id, id) on delete cascade;
create index on customer (account_id, alias_of) where alias_of is not null;

-- What an app called the one that is not kept: it names the relationship that both have come to.
create table user_alias (
    account_id   uuid not null,
    project_id   uuid not null,
    user_id      text not null,
    customer_id  uuid not null,
    primary key (account_id, project_id, user_id),
    foreign key (account_id, project_id, customer_id) references relationship (account_id, project_id, customer_id)
        on update cascade on delete cascade
);
create index on user_alias (account_id, project_id, customer_id);

-- What it takes to undo a merge, for as long as nothing has touched the person since.
create table merged (
    account_id  uuid        not null,
    other_id    uuid        not null,                 -- who was not kept
    keep_id     uuid        not null,                 -- who was
    at          timestamptz not null,
    version     bigint      not null,                 -- that it made: whatever it touched is of it until somebody else writes
    projects    uuid[]      not null,                 -- those of whom was kept, after it
    touched     uuid[]      not null,                 -- those in which the other was
    before      jsonb       not null,                 -- by table, the rows of both in these, as they were
    primary key (account_id, other_id),
    foreign key (account_id, keep_id) references customer (account_id, id) on delete cascade
);
create index on merged (account_id, keep_id);
