-- What a member did to many customers at once. How far one has come is noted in the transaction that writes it, so that whoever
-- goes on with it writes to each once.
create table act (
    account_id  uuid        not null references account (id),
    id          uuid        not null,
    member_id   uuid        not null,                -- who did it; they may have been removed since
    what        jsonb       not null,
    filter      text,                                -- null: they were chosen one by one, or somebody whom it names was erased
    projects    uuid[]      not null,                -- where it wrote; of an erasure every project
    people      bigint,                              -- null, like the next: they are not listed yet
    total       bigint,                              -- how many relationships, of an erasure how many people
    done        bigint      not null default 0,
    changed     bigint      not null default 0,      -- and what became of them: what is none of these was so already
    stayed      bigint      not null default 0,      -- changed since, or gone
    refused     bigint      not null default 0,
    reason      text,                                -- why the first of those was
    began_at    timestamptz not null,
    touched_at  timestamptz not null,
    ended_at    timestamptz,
    undone_by   uuid,                                -- the act that undoes it
    primary key (account_id, id)
);

-- Whom an act that has not ended is about.
create table act_target (
    account_id   uuid   not null,
    act_id       uuid   not null,
    place        bigint not null,                    -- from 1; an act is done up to one
    project_id   uuid,                               -- null: the person everywhere
    customer_id  uuid   not null,
    primary key (account_id, act_id, place),
    foreign key (account_id, act_id) references act (account_id, id) on delete cascade
        deferrable initially deferred                -- the list is made first: it says how long it is
);
create index on act_target (account_id, customer_id);

-- Statistics would keep texts of people who are erased.
alter table act alter column what set statistics 0, alter column filter set statistics 0, alter column reason set statistics 0;

-- What an act wrote is found to be undone.
create index on change (account_id, source_id) where source = 'act';

-- An act is the source of what it writes. What there is keeps to the narrower rule, so that nobody has to look at it.
alter table change drop constraint change_source_check;
alter table change add check (source in ('secret_key', 'publishable_key', 'member', 'act', 'import', 'connector')) not valid;

-- The columns of the table of customers that a member has chosen for good; empty: those that most customers have.
alter table member add column columns text not null default '';
