-- How an account's pages write numbers and dates, and what its money is in where nothing says.
alter table account
    add column numbers text not null default 'comma-point',
    add column dates text not null default 'month-name',
    add column currency text;
