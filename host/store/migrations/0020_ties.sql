-- The kinds that the feed of such a row lists, between commas: what the row would have told of is not missing either.

ALTER TABLE seen ADD COLUMN carries TEXT NOT NULL DEFAULT '';
