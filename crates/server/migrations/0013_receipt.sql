-- A random token of the batch that made the version. Where the connection was lost while it committed, it proves that it has: the
-- version alone does not, because after a rollback another batch takes it. Null: made before there were any.
alter table feed add column token uuid;
