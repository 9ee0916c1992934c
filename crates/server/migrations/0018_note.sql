-- What members have noted of a customer. It is of the person, whichever project they are in.
create table note (
    account_id   uuid        not null,
    id           uuid        not null,
    customer_id  uuid        not null,
    member_id    uuid        not null,                -- who wrote it; they may have left
    text         text        not null,                -- plain, up to 10,000 characters
    at           timestamptz not null,
    edited       timestamptz,                         -- when last
    primary key (account_id, id),
    foreign key (account_id, customer_id) references customer (account_id, id) on delete cascade
);
create index on note (account_id, customer_id, at);

-- Statistics would keep texts of people who are erased.
alter table note alter column text set statistics 0;
