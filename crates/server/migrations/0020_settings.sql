-- An archived project keeps everything, is written to no more, and is left out where projects are taken together.
alter table project add column archived boolean not null default false;

-- A key that another one has replaced stops by itself.
alter table api_key add column expires_at timestamptz;

-- Members see where they are signed in, and end what they do not know. What began before has no browser and no network.
alter table session
    add column id uuid not null default gen_random_uuid() unique,
    add column used_at timestamptz,
    add column browser text not null default '',
    add column network inet;
