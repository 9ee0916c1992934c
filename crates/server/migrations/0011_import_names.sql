-- Whom a rejected row and the notes of an import name, so that erasing somebody finds them however they are written there.
alter table import_rejected add column emails jsonb not null default '[]';  -- every address in it, normalised
alter table import_rejected add column user_id text;                        -- of whom it is about
create index on import_rejected using gin (emails);
create index on import_rejected (account_id, user_id) where user_id is not null;
alter table import add column emails jsonb not null default '[]';           -- every address in its notes and its problem

-- What was kept before does not say it.
delete from import_rejected;
update import set about = about || '{"notes": []}' where about::text like '%@%';
update import set problem = '' where problem like '%@%';
