-- When an import was received that told what somebody holds without saying since when: what is dated by when they were first seen,
-- or by that very moment, and not by the file. A birth whose status a correction has told anew does not say it any more.
alter table relationship add column imported timestamptz;
update relationship r set imported = c.received from change c
where c.account_id = r.account_id and c.project_id = r.project_id and c.customer_id = r.customer_id
  and c.created and not c.inferred and c.source = 'import' and c.dated_by <> 'caller' and c.fields ? 'status';

-- The same of people whose merge can still be taken back.
update merged m set before = jsonb_set(before, '{relationship}', (
    select jsonb_agg(r || jsonb_build_object('imported', (
        select c -> 'received' from jsonb_array_elements(before -> 'change') c
        where c -> 'project_id' = r -> 'project_id' and c -> 'customer_id' = r -> 'customer_id'
          and (c ->> 'created')::boolean and not (c ->> 'inferred')::boolean and c ->> 'source' = 'import'
          and c ->> 'dated_by' <> 'caller' and c -> 'fields' ? 'status'
        limit 1)))
    from jsonb_array_elements(before -> 'relationship') r))
where jsonb_array_length(before -> 'relationship') > 0;
