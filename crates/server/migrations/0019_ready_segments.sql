-- Every account begins with these segments from now on (model/ready); those that are there get them once, unless they call
-- something so already. Milliseconds apart, so that they stand in one order everywhere.
insert into segment (account_id, id, slug, name, filter, project_id, created_at)
select a.id, gen_random_uuid(), r.slug, r.name, r.filter, null, now() + r.place * interval '1 millisecond'
from account a cross join (values
    (0, 'trial-ends-soon', 'Trial ends in the next 7 days', 'status = "trial" and params.trial_ends in next 7 days'),
    (1, 'paid-but-away', 'Paid, not seen for 30 days', 'status = "paid" and last_activity < now - 30d'),
    (2, 'new-this-week', 'New this week', 'first_seen in this week'),
    (3, 'won-back', 'Won back', 'status = "paid" and was (status = "churned")')
) as r (place, slug, name, filter)
where not exists (
    select from segment s where s.account_id = a.id and (s.slug in (r.slug, r.name) or s.name in (r.slug, r.name)));
