-- How far the indexes of running servers have followed what others wrote, so that a command can wait until they answer with
-- what it has done. Worth nothing after a crash, so it is not logged; a server that has gone leaves a row that gets old.
create unlogged table follower (
    account_id  uuid        not null,
    process     uuid        not null,
    version     bigint      not null,                 -- all that the clock counted up to here is in that server's index
    told_at     timestamptz not null,
    primary key (account_id, process)
);
