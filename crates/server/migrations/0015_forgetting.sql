-- What Postgres keeps of values beside the rows: erasing somebody must not miss it.

-- Statistics would hold values of people for as long as nobody analyses the table anew. Nothing is planned by these columns:
-- people are found by unique indexes. Altering a type, also to itself, drops the statistics that there are.
do $$
declare
    held record;
begin
    for held in
        select c.table_name, c.column_name, c.udt_name from information_schema.columns c
        where c.table_schema = current_schema() and (c.table_name, c.column_name) in (
            ('customer', 'email'), ('relationship', 'user_id'), ('relationship', 'name'), ('relationship', 'params'),
            ('relationship', 'open_keys'), ('change', 'fields'), ('change', 'params'), ('change', 'stale'),
            ('refusal', 'key'), ('user_alias', 'user_id'), ('merged', 'before'), ('ignored', 'pattern'),
            ('idempotency', 'key'), ('idempotency', 'codes'), ('import', 'name'), ('import', 'about'),
            ('import', 'rejects'), ('import', 'problem'), ('import', 'emails'), ('import_rejected', 'reason'),
            ('import_rejected', 'raw'), ('import_rejected', 'user_id'), ('import_rejected', 'emails'))
    loop
        execute format('alter table %I alter column %I type %s, alter column %2$I set statistics 0',
            held.table_name, held.column_name, case held.udt_name when '_text' then 'text[]' else held.udt_name end);
    end loop;
end $$;

-- An index of whole texts keeps each for ever, also when no row has it any more; this one keeps hashes.
drop index import_rejected_emails_idx;
create index on import_rejected using gin (emails jsonb_path_ops);

-- A caller may put an address into the key of a request: its hash does.
update idempotency set key = encode(sha256(convert_to(key, 'UTF8')), 'hex');
