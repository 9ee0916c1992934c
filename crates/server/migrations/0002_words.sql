-- Projects, segments and the time zone are part of what a version says: a batch that alters them tells its followers.
alter table feed add column words boolean not null default false;
