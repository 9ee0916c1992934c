-- Every change has its order now: it is the key, and the history of a customer lies in it as it is read.
delete from change c where not exists (
    select from relationship r
    where r.account_id = c.account_id and r.project_id = c.project_id and r.customer_id = c.customer_id);
alter table change drop constraint change_pkey;
alter table change drop column old_id;
alter table change add primary key (account_id, customer_id, at, version, seq, project_id);
drop index change_account_id_customer_id_at_idx;
alter table change alter column version drop default;
alter table change alter column seq drop default;
alter table change alter column created drop default;
alter table change alter column dated_by set not null;
alter table change alter column received set not null;
alter table change add check (dated_by in ('caller', 'first_seen', 'receipt'));
alter table change add check (source in ('secret_key', 'publishable_key', 'member', 'import', 'connector'));
alter table relationship alter column began set not null;
alter table relationship alter column last_change set not null;
drop table upgrade;
