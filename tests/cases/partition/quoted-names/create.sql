-- Names that need quotes, in a schema of their own.
CREATE SCHEMA "Odd Schema";
CREATE TABLE "Odd Schema"."Order ""Table""" ("Id" bigint PRIMARY KEY, "Created At" timestamptz NOT NULL, "select" text);
INSERT INTO "Odd Schema"."Order ""Table""" SELECT n, timestamptz '2026-06-01' + n * interval '2 hours', 'n' FROM generate_series(1, 800) n;
CREATE INDEX "An Index" ON "Odd Schema"."Order ""Table""" ("select");
